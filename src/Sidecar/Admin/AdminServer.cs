using System.Net;
using System.Text.Json;
using Fairlead.Resolver;
using Fairlead.Sidecar.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Fairlead.Sidecar.Admin;

/// <summary>
/// The admin port: <c>/names</c>, <c>/ready</c> (200 or 503), <c>/clients</c>, <c>/refusals</c>. Loopback only.
/// </summary>
internal sealed class AdminServer : IAsyncDisposable
{
    private readonly WebApplication _application;

    private AdminServer(WebApplication application) => _application = application;

    /// <summary>Starts listening.</summary>
    /// <exception cref="IOException">The address is in use.</exception>
    internal static async Task<AdminServer> StartAsync(
        IPEndPoint address, SidecarHost host, TimeProvider time, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelCore();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(address));
        var application = builder.Build();
        application.Run(context => AnswerAsync(context, host, time));
        await application.StartAsync(cancellationToken).ConfigureAwait(false);
        return new AdminServer(application);
    }

    public ValueTask DisposeAsync() => _application.DisposeAsync();

    private static async Task AnswerAsync(HttpContext context, SidecarHost host, TimeProvider time)
    {
        Action<Utf8JsonWriter>? page = context.Request.Path.Value switch
        {
            "/names" => json => NamesPage.Write(json, host.Resolver.Names, CacheTime.Now(time)),
            "/clients" => json => ClientsPage.Write(json, host.Ads!.Streams()),
            "/refusals" => json => RefusalsPage.Write(json, host.Resolver.Troubles),
            "/ready" => json => WriteReady(json, context, host),
            _ => null,
        };
        if (page is null)
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        context.Response.ContentType = "application/json";
        var buffer = new System.Buffers.ArrayBufferWriter<byte>(4096);
        using (var json = new Utf8JsonWriter(buffer))
        {
            page(json);
        }

        await context.Response.Body.WriteAsync(buffer.WrittenMemory, context.RequestAborted).ConfigureAwait(false);
    }

    private static void WriteReady(Utf8JsonWriter json, HttpContext context, SidecarHost host)
    {
        var pending = host.Pending().ToList();
        context.Response.StatusCode = pending.Count == 0 ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        json.WriteStartObject();
        json.WriteBoolean("ready", pending.Count == 0);
        json.WriteStartArray("pending");
        pending.ForEach(json.WriteStringValue);
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
