using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Fairlead.Bench;

/// <summary>
/// One more backend of checkout, and the EndpointSlice that puts it into us1's manifests or takes it out, written
/// beside and renamed into place.
/// </summary>
internal sealed class NewEndpoint : IAsyncDisposable
{
    private const string FileName = "checkout-bench.yaml";
    private const string Address = "127.0.2.78";
    private const int Port = 18080;

    private readonly string _manifests;
    private readonly WebApplication _application;

    private NewEndpoint(string manifests, WebApplication application)
    {
        _manifests = manifests;
        _application = application;
    }

    /// <summary>What it answers.</summary>
    public static string Body => $"{Address}:{Port}";

    public static async Task<NewEndpoint> StartAsync(string manifests, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelCore();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(new IPEndPoint(IPAddress.Parse(Address), Port)));
        var application = builder.Build();
        application.Run(context => context.Response.WriteAsync(Body, context.RequestAborted));
        await application.StartAsync(cancellationToken);
        return new NewEndpoint(manifests, application);
    }

    public void Add()
    {
        var temporary = Path.Combine(_manifests, FileName + ".tmp");
        File.WriteAllText(temporary, $$"""
            apiVersion: discovery.k8s.io/v1
            kind: EndpointSlice
            metadata:
              name: checkout-bench
              namespace: shop
              labels: { kubernetes.io/service-name: checkout }
            addressType: IPv4
            ports: [{ name: http, port: {{Port}}, protocol: TCP }]
            endpoints: [{ addresses: ["{{Address}}"], conditions: { ready: true }, zone: us1-a }]

            """);
        File.Move(temporary, Path.Combine(_manifests, FileName), overwrite: true);
    }

    public void Remove() => File.Delete(Path.Combine(_manifests, FileName));

    public async ValueTask DisposeAsync() => await _application.DisposeAsync();
}
