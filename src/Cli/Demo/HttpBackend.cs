using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace Fairlead.Cli.Demo;

/// <summary>
/// A plain HTTP/1.1 service on one address that answers every request with that address, and counts them. Thread-safe.
/// </summary>
internal sealed class HttpBackend : IBackend
{
    private readonly WebApplication _application;
    private long _requests;

    private HttpBackend(IPEndPoint address, WebApplication application)
    {
        Address = address;
        _application = application;
    }

    public IPEndPoint Address { get; }

    public long Requests => Interlocked.Read(ref _requests);

    /// <summary>Starts listening.</summary>
    /// <exception cref="IOException">The address is in use.</exception>
    internal static async Task<HttpBackend> StartAsync(IPEndPoint address, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelCore();
        builder.WebHost.ConfigureKestrel(kestrel =>
            kestrel.Listen(address, listen => listen.Protocols = HttpProtocols.Http1));
        var application = builder.Build();
        var backend = new HttpBackend(address, application);
        var body = string.Create(CultureInfo.InvariantCulture, $"{address}\n");
        application.Run(context =>
        {
            Interlocked.Increment(ref backend._requests);
            context.Response.ContentType = "text/plain";
            context.Response.Headers["endpoint"] = address.ToString();
            return context.Response.WriteAsync(body, context.RequestAborted);
        });
        await application.StartAsync(cancellationToken).ConfigureAwait(false);
        return backend;
    }

    public async ValueTask DisposeAsync() => await _application.DisposeAsync().ConfigureAwait(false);
}
