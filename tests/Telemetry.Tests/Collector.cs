using System.Collections.Concurrent;
using System.Text;
using Fairlead.TestKit.Processes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;

namespace Fairlead.Telemetry.Tests;

/// <summary>A collector: what is posted to it by OTLP over HTTP.</summary>
internal sealed class Collector : IAsyncDisposable
{
    private readonly WebApplication _app;

    private Collector(WebApplication app) => _app = app;

    internal ConcurrentQueue<(string Path, string ContentType, byte[] Body)> Posts { get; } = new();

    internal Uri Address => new(_app.Urls.Single());

    internal static async Task<Collector> StartAsync(CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var collector = new Collector(app);
        app.Run(async context =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body, cancellationToken);
            collector.Posts.Enqueue((context.Request.Path, context.Request.ContentType ?? "", body.ToArray()));
            context.Response.ContentType = "application/x-protobuf";
        });
        await app.StartAsync(cancellationToken);
        return collector;
    }

    /// <summary>Waits for a post whose raw bytes hold a text.</summary>
    internal async Task<OtlpFields> UntilAsync(string path, string text, CancellationToken cancellationToken)
    {
        var body = await Eventually.HoldsAsync(
            () => Task.FromResult(Posts.FirstOrDefault(post => post.Path == path
                && post.ContentType == "application/x-protobuf"
                && Encoding.UTF8.GetString(post.Body).Contains(text, StringComparison.Ordinal)).Body),
            found => found is not null, TimeSpan.FromMinutes(2), cancellationToken);
        return OtlpFields.Read(body);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
