using System.Collections.Concurrent;
using System.Net;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Fairlead.Sidecar.Tests.Proxy;

/// <summary>An endpoint on loopback that counts its requests and remembers what clients said in TLS.</summary>
internal sealed class Backend : IAsyncDisposable
{
    private readonly WebApplication _application;
    private int _requests;

    private Backend(WebApplication application) => _application = application;

    internal int Port { get; private set; }

    internal int Requests => Volatile.Read(ref _requests);

    internal X509Certificate2? Client { get; private set; }

    /// <summary>The names that TLS was asked for, in order; null where none was.</summary>
    internal ConcurrentQueue<string?> ServerNames { get; } = new();

    internal static async Task<Backend> StartAsync(
        RequestDelegate answer, HttpProtocols protocols = HttpProtocols.Http1,
        Func<X509Certificate2>? certificate = null, IPEndPoint? at = null)
    {
        Backend? backend = null;
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelCore();
        if (certificate is not null)
        {
            builder.WebHost.UseKestrelHttpsConfiguration();
        }

        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.RequestHeaderEncodingSelector = _ => System.Text.Encoding.Latin1;
            kestrel.Listen(at ?? new IPEndPoint(IPAddress.Loopback, 0), listen =>
            {
                listen.Protocols = protocols;
                if (certificate is not null)
                {
                    listen.UseHttps(https =>
                    {
                        https.ServerCertificateSelector = (_, name) =>
                        {
                            backend!.ServerNames.Enqueue(name);
                            return certificate();
                        };
                        https.ClientCertificateMode = ClientCertificateMode.RequireCertificate;
                        https.AllowAnyClientCertificate();
                        https.SslProtocols = SslProtocols.Tls13;
                    });
                }
            });
        });
        backend = new Backend(builder.Build());
        backend._application.Run(async context =>
        {
            Interlocked.Increment(ref backend._requests);
            backend.Client = context.Connection.ClientCertificate ?? backend.Client;
            await answer(context);
        });
        await backend._application.StartAsync();
        var address = backend._application.Services.GetRequiredService<IServer>().Features
            .GetRequiredFeature<IServerAddressesFeature>().Addresses.Single();
        backend.Port = new Uri(address).Port;
        return backend;
    }

    /// <summary>Answers with what came: method, target, host and headers, and the body behind them.</summary>
    internal static async Task EchoAsync(HttpContext context)
    {
        var request = context.Request;
        var target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        var headers = string.Join(
            '\n', request.Headers.Where(one => !one.Key.StartsWith(':')).Select(one => $"{one.Key}: {one.Value}"));
        await context.Response.WriteAsync($"{request.Method} {target} {request.Protocol}\n{headers}\n\n");
        await request.Body.CopyToAsync(context.Response.Body);
    }

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        await _application.StopAsync(now.Token);
        await _application.DisposeAsync();
    }
}
