using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Fairlead.Hosting;

/// <summary>
/// A small HTTP server for a fixed set of pages: a program's admin port, or its port for readiness and metrics. It
/// takes no body, changes nothing, and has <see cref="PageConnections.Max"/> connections at once. Thread-safe.
/// </summary>
public sealed class PageServer : IAsyncDisposable
{
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(2);

    private readonly WebApplication _application;

    private PageServer(WebApplication application)
    {
        _application = application;
        var url = application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!
            .Addresses.First();
        Address = IPEndPoint.Parse(new Uri(url).Authority);
    }

    /// <summary>Where it listens, with the port that the system chose for 0.</summary>
    public IPEndPoint Address { get; }

    /// <summary>Starts listening.</summary>
    /// <param name="name">The option that gives the address, for messages.</param>
    /// <param name="address">Where.</param>
    /// <param name="pages">The pages by path, such as <c>/ready</c>.</param>
    /// <param name="isLoopbackOnly">Whether the pages are for this machine alone: they have no authentication.</param>
    /// <param name="cancellationToken">Ends the start.</param>
    /// <exception cref="StartException">The address is in use, not this machine's, or not loopback where it must
    /// be.</exception>
    public static async Task<PageServer> StartAsync(
        string name,
        IPEndPoint address,
        IReadOnlyDictionary<string, PageSource> pages,
        bool isLoopbackOnly,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(address);
        ArgumentNullException.ThrowIfNull(pages);
        if (isLoopbackOnly && !IPAddress.IsLoopback(address.Address))
        {
            throw new StartException(
                $"{name}: {address} is reachable from outside and has no authentication; give a loopback address");
        }

        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Logging.ClearProviders();

        // Who asks slowly does not hold up the end of the program.
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = StopTimeout);
        builder.WebHost.UseKestrelCore();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = 0;
            kestrel.Listen(address, PageConnections.Bound);
        });
        var application = builder.Build();
        application.Run(context => AnswerAsync(context, pages));
        try
        {
            await application.StartAsync(cancellationToken).ConfigureAwait(false);
            return new PageServer(application);
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            await application.DisposeAsync().ConfigureAwait(false);
            throw new StartException(ListenTrouble.At($"{name}: {address}", e, "give another one"), e);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _application.StopAsync().ConfigureAwait(false);
        await _application.DisposeAsync().ConfigureAwait(false);
    }

    private static async Task AnswerAsync(HttpContext context, IReadOnlyDictionary<string, PageSource> pages)
    {
        var response = context.Response;
        if (!pages.TryGetValue(context.Request.Path.Value ?? "", out var source))
        {
            response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        if (!HttpMethods.IsGet(context.Request.Method))
        {
            response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            response.Headers.Allow = "GET";
            return;
        }

        var page = await source(context.RequestAborted).ConfigureAwait(false);
        response.StatusCode = page.Status;
        response.ContentType = page.ContentType;
        response.ContentLength = page.Body.Length;
        await response.Body.WriteAsync(page.Body, context.RequestAborted).ConfigureAwait(false);
    }
}
