using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Fairlead.Hosting;
using Fairlead.Resolver;
using Fairlead.Sidecar.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace Fairlead.Sidecar.Admin;

/// <summary>
/// Two ports of one server. The admin port, loopback only: <c>/names</c>, <c>/clients</c>, <c>/refusals</c>,
/// <c>/config</c>. The metrics port, which the kubelet and Prometheus reach: nothing of names. Both: <c>/ready</c> (200
/// or 503) and <c>/metrics</c>. Each has <see cref="PageConnections.Max"/> connections at once.
/// </summary>
internal sealed class AdminServer : IAsyncDisposable
{
    private static readonly object IsPublic = new();

    private readonly WebApplication _application;

    private AdminServer(WebApplication application, IPEndPoint admin, IPEndPoint metrics) =>
        (_application, Admin, Metrics) = (application, admin, metrics);

    /// <summary>Where the admin port listens.</summary>
    internal IPEndPoint Admin { get; }

    /// <summary>Where readiness and metrics are served.</summary>
    internal IPEndPoint Metrics { get; }

    /// <summary>Starts listening.</summary>
    /// <exception cref="StartException">An address is in use, or not one of this machine.</exception>
    internal static async Task<AdminServer> StartAsync(
        SidecarOptions options, SidecarHost host, TimeProvider time, CancellationToken cancellationToken)
    {
        // The server names only the first address that it cannot have; each is tried alone, so that both are named.
        FreeAddress.Check("admin", options.Admin);
        FreeAddress.Check("metrics", options.Metrics);
        ListenOptions? admin = null;
        ListenOptions? metrics = null;
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelCore();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = 0;
            kestrel.Listen(options.Admin, listen =>
            {
                admin = listen;
                PageConnections.Bound(listen);
            });
            kestrel.Listen(options.Metrics, listen =>
            {
                metrics = listen;
                PageConnections.Bound(listen);
                listen.Use(next => connection =>
                {
                    connection.Items[IsPublic] = true;
                    return next(connection);
                });
            });
        });
        var application = builder.Build();
        application.Run(context => AnswerAsync(context, host, time));
        try
        {
            await application.StartAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            await application.DisposeAsync().ConfigureAwait(false);
            throw new StartException(ListenTrouble.Of(e, "change admin or metrics"), e);
        }

        return new AdminServer(application, admin!.IPEndPoint!, metrics!.IPEndPoint!);
    }

    public ValueTask DisposeAsync() => _application.DisposeAsync();

    private static Task AnswerAsync(HttpContext context, SidecarHost host, TimeProvider time)
    {
        var isPublic = context.Features.Get<IConnectionItemsFeature>()?.Items.ContainsKey(IsPublic) == true;
        return context.Request.Path.Value switch
        {
            "/ready" => WriteAsync(context, json => ReadyPage.Write(json, context, host.Pending(isPublic), host.Stale)),
            "/metrics" => WriteAsync(context, MetricsPage.Of(host).ToPage()),
            "/names" when !isPublic =>
                WriteAsync(
                    context,
                    json => NamesPage.Write(
                        json, host.Names, CacheTime.Now(time), host.Resolver.AnchorOf, host.ConnectionsWithin)),
            "/clients" when !isPublic => WriteAsync(context, json => ClientsPage.Write(json, host.Ads.Streams())),
            "/config" when !isPublic => WriteAsync(context, json => ConfigurationPage.Write(json, host.Reloads)),
            "/refusals" when !isPublic =>
                WriteAsync(context, json => RefusalsPage.Write(json, host.Resolver.Troubles.Newest)),
            _ => NotFoundAsync(context),
        };
    }

    private static Task WriteAsync(HttpContext context, Page page) =>
        WriteAsync(context, page.ContentType, page.Body);

    private static Task NotFoundAsync(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status404NotFound;
        return Task.CompletedTask;
    }

    private static Task WriteAsync(HttpContext context, Action<Utf8JsonWriter> page)
    {
        var buffer = new ArrayBufferWriter<byte>(4096);
        using (var json = new Utf8JsonWriter(buffer))
        {
            page(json);
        }

        return WriteAsync(context, "application/json", buffer.WrittenMemory);
    }

    private static async Task WriteAsync(HttpContext context, string contentType, ReadOnlyMemory<byte> page)
    {
        context.Response.ContentType = contentType;
        context.Response.ContentLength = page.Length;
        await context.Response.Body.WriteAsync(page, context.RequestAborted).ConfigureAwait(false);
    }
}
