using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Fairlead.Anchor.Hosting;

/// <summary>
/// The admin port: <c>/ready</c> is 200 while a valid seal is held, else 503; <c>/status</c> tells how the anchor stands.
/// </summary>
internal sealed class AdminServer : IAsyncDisposable
{
    private readonly WebApplication _application;

    private AdminServer(WebApplication application) => _application = application;

    /// <summary>Starts listening.</summary>
    /// <exception cref="IOException">The address is in use.</exception>
    internal static async Task<AdminServer> StartAsync(AnchorOptions options, AnchorHost host, TimeProvider time, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelCore();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(options.Admin));
        var application = builder.Build();
        application.Run(context => AnswerAsync(context, host.Status(options.Id), time));
        await application.StartAsync(cancellationToken).ConfigureAwait(false);
        return new AdminServer(application);
    }

    public ValueTask DisposeAsync() => _application.DisposeAsync();

    private static async Task AnswerAsync(HttpContext context, AnchorStatus status, TimeProvider time)
    {
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        var isReady = status.View?.IsValid(now) == true;
        context.Response.StatusCode = context.Request.Path.Value switch
        {
            "/ready" => isReady ? 200 : 503,
            "/status" => 200,
            _ => 404,
        };
        if (context.Response.StatusCode == 404)
        {
            return;
        }

        context.Response.ContentType = "application/json";
        var json = new Utf8JsonWriter(context.Response.BodyWriter);
        await using (json.ConfigureAwait(false))
        {
            Write(json, status, isReady);
        }
    }

    private static void Write(Utf8JsonWriter json, AnchorStatus status, bool isReady)
    {
        json.WriteStartObject();
        json.WriteBoolean("ready", isReady);
        json.WriteString("id", status.Id);
        json.WriteString("segment", status.Segment);
        json.WriteString("genesis", status.Genesis.ToString());
        json.WriteNumber("epoch", status.Epoch);
        if (status.View?.Certified is { } certified)
        {
            json.WriteStartObject("seal");
            json.WriteNumber("epoch", certified.Seal.Epoch);
            json.WriteNumber("seq", certified.Seal.Seq);
            json.WriteNumber("issued", certified.Seal.Issued);
            json.WriteNumber("expires", certified.Seal.Expires);
            json.WriteNumber("count", certified.Seal.Count);
            json.WriteEndObject();
            json.WriteNumber("entries", certified.State.EntryCount);
        }

        json.WriteNumber("term", status.Sealing.Term);
        json.WriteString("leader", status.Sealing.Leader);
        json.WriteNumber("pending", status.Sealing.Pending);
        json.WriteStartArray("peers");
        foreach (var (id, isConnected) in status.Peers)
        {
            json.WriteStartObject();
            json.WriteString("id", id);
            json.WriteBoolean("connected", isConnected);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }
}
