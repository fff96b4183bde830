using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Fairlead.Xds.Tests.Functional;

/// <summary>An HTTP server that says who it is and counts its requests.</summary>
internal sealed class HttpBackend : IAsyncDisposable
{
    private readonly WebApplication _application;
    private int _requests;

    private HttpBackend(WebApplication application, string name)
    {
        _application = application;
        application.Run(context =>
        {
            Interlocked.Increment(ref _requests);
            return context.Response.WriteAsync(name);
        });
    }

    public int Requests => Volatile.Read(ref _requests);

    public int Port { get; private set; }

    public static async Task<HttpBackend> StartAsync(string name)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var application = builder.Build();
        application.Urls.Add("http://127.0.0.1:0");
        var backend = new HttpBackend(application, name);
        await application.StartAsync(TestContext.Current.CancellationToken);
        var addresses = application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!;
        backend.Port = new Uri(addresses.Addresses.Single()).Port;
        return backend;
    }

    public ValueTask DisposeAsync() => _application.DisposeAsync();
}
