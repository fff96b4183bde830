using System.Net;
using System.Text.Json;
using Fairlead.Controller.Manifests;
using Fairlead.Controller.Publishing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Fairlead.Controller.Admin;

/// <summary>
/// <c>GET /ready</c> (200 once all that was desired at first is sealed, else 503), <c>GET /records</c> and
/// <c>GET /problems</c>, for operators on the same machine.
/// </summary>
internal sealed class AdminPage : IAsyncDisposable
{
    private readonly WebApplication _web;

    private AdminPage(WebApplication web) => _web = web;

    /// <summary>Where it listens, with the port that the system chose for 0.</summary>
    public string Address => _web.Urls.First();

    /// <summary>Listens on <paramref name="endpoint"/>.</summary>
    /// <exception cref="IOException">The address is in use or not this machine's.</exception>
    public static async Task<AdminPage> StartAsync(
        IPEndPoint endpoint, PublisherShell shell, ManifestController manifests, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(endpoint);
        });
        builder.Services.AddRoutingCore();
        builder.Logging.ClearProviders();
        var web = builder.Build();
        web.UseRouting();
        web.MapGet("/ready", context => ReadyAsync(context, shell));
        web.MapGet("/records", context => RecordsAsync(context, shell));
        web.MapGet("/problems", context => WriteAsync(context, StatusCodes.Status200OK, json => Problems(json, manifests)));
        try
        {
            await web.StartAsync(cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            await web.DisposeAsync().ConfigureAwait(false);
            throw;
        }

        return new(web);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _web.StopAsync().ConfigureAwait(false);
        await _web.DisposeAsync().ConfigureAwait(false);
    }

    private static async Task ReadyAsync(HttpContext context, PublisherShell shell)
    {
        var isReady = shell.Settled.IsCompletedSuccessfully;
        var status = await shell.StatusAsync(context.RequestAborted).ConfigureAwait(false);
        var code = isReady ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        await WriteAsync(context, code, json =>
        {
            json.WriteStartObject();
            json.WriteBoolean("ready", isReady);
            json.WriteStartArray("pending");
            foreach (var name in status.Names.Where(name => name.State is not ("sealed" or "withdrawn")))
            {
                json.WriteStringValue(name.Name);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }).ConfigureAwait(false);
    }

    private static async Task RecordsAsync(HttpContext context, PublisherShell shell)
    {
        var status = await shell.StatusAsync(context.RequestAborted).ConfigureAwait(false);
        await WriteAsync(context, StatusCodes.Status200OK, json =>
        {
            json.WriteStartArray();
            foreach (var name in status.Names)
            {
                json.WriteStartObject();
                json.WriteString("name", name.Name);
                json.WriteString("state", name.State);
                json.WriteNumber("version", name.Leaf.Version);
                json.WriteString("uid", name.Leaf.Uid.ToString());
                json.WriteNumber("expires", name.Leaf.Expires);
                if (name.Refusal is not null)
                {
                    json.WriteString("refusal", name.Refusal);
                }

                json.WriteEndObject();
            }

            json.WriteEndArray();
        }).ConfigureAwait(false);
    }

    private static void Problems(Utf8JsonWriter json, ManifestController manifests)
    {
        json.WriteStartArray();
        foreach (var problem in manifests.Problems)
        {
            json.WriteStringValue(problem.ToString());
        }

        json.WriteEndArray();
    }

    private static async Task WriteAsync(HttpContext context, int status, Action<Utf8JsonWriter> write)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        using var json = new Utf8JsonWriter(context.Response.BodyWriter);
        write(json);
        await json.FlushAsync(context.RequestAborted).ConfigureAwait(false);
    }
}
