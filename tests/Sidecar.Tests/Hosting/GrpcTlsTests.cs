using Fairlead.Identities;
using Fairlead.Sidecar.Hosting;
using Fairlead.Sidecar.Tests.Grpc;
using Fairlead.Sidecar.Tests.Proxy;
using Fairlead.TestKit.Answers;
using Fairlead.TestKit.Processes;
using Fairlead.TestKit;
using Fairlead.Xds;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Fairlead.Sidecar.Tests.Hosting;

/// <summary>
/// The verified identity at real proxyless clients, of gRPC's libraries, whose bootstrap has certificate providers:
/// eight real anchors, a whole sidecar, endpoints on mutual TLS.
/// </summary>
public sealed class GrpcTlsTests(TwoClusters clusters) : IClassFixture<TwoClusters>
{
    private const string Server = "spiffe://us1.example/ns/shop/sa/checkout";
    private const string Other = "spiffe://us1.example/ns/shop/sa/other";
    private const string Pod = "spiffe://eu1.example/ns/shop/sa/frontend";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private static readonly CertificateAuthority Us1 = new("us1.example", TimeProvider.System.GetUtcNow());
    private static readonly CertificateAuthority Eu1 = new("eu1.example", TimeProvider.System.GetUtcNow());

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(GrpcLibrary.Core)]
    [InlineData(GrpcLibrary.Js)]
    public async Task Grpc_SpeaksToTheVerifiedIdentityAlone(GrpcLibrary library)
    {
        using var own = new SvidFolder();
        own.Write(Eu1.Sign([Pod]), Us1);

        // What other domains are held against does not vouch for this one (V55).
        using var others = new SvidFolder();
        others.Write(Eu1.Sign([Pod]), Eu1);
        await using var good = await BackendAsync(Us1, Server);
        await using var wrong = await BackendAsync(Us1, Other);
        await using var forged = await BackendAsync(new CertificateAuthority("us1.example", Us1.Now), Server);
        await PublishBundleAsync();
        string[] names = ["good", "wrong", "forged"];
        foreach (var (name, backend) in names.Zip([good, wrong, forged]))
        {
            await clusters.PublishAsync(
                $"{NameOf(name)}.shop.svc", [Server], [new() { Address = "127.0.0.1" }], backend.Port);
        }

        // They are known before anybody asks: what is only held until a verified answer comes may be over first.

        var folder = $"tls-{library}";
        var socket = Path.Combine(clusters.Folder, folder, "xds.sock");
        await using var host = await ServeAsync(
            folder, socket,
            "imports: [" + string.Join(", ", names.Select(name => $"{NameOf(name)}.shop.svc.us1.internal")) + "]");
        await using var client = await LibraryClient.StartAsync(
            library, socket, Path.Combine(clusters.Folder, folder),
            new Dictionary<int, string> { [good.Port] = "here" },
            providers: new Dictionary<string, object>
            {
                ["roots"] = Watched(others.Paths), ["us1"] = Watched(own.Paths), ["own"] = Watched(own.Paths),
            });

        Assert.Equal("ok here", await AskAsync("good"));
        Assert.Equal(Pod, SvidCertificate.IdentityOf(good.Client!));
        Assert.StartsWith("UNAVAILABLE", await AskAsync("wrong"), StringComparison.Ordinal);
        Assert.StartsWith("UNAVAILABLE", await AskAsync("forged"), StringComparison.Ordinal);
        Assert.Equal((0, 0), (wrong.Requests, forged.Requests));
        Assert.All(host.Ads.Streams().SelectMany(stream => stream.Types), type => Assert.Null(type.Refused));

        Task<string> AskAsync(string name) => client.AskAsync($"{NameOf(name)}.shop.svc.us1.internal:80");

        string NameOf(string name) => $"{name}-{library}".ToLowerInvariant();
    }

    /// <summary>The client of grpc-go calls in the clear. What is secure it reads all the same: it takes a cluster
    /// whose certificate providers its bootstrap has, and refuses one that it could not be secure with.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Go_TakesASecureCluster_OfProvidersThatItHas(bool hasProviders)
    {
        using var own = new SvidFolder();
        own.Write(Eu1.Sign([Pod]), Us1);
        await using var backend = await BackendAsync(Us1, Server);
        await PublishBundleAsync();
        var name = $"go-{hasProviders}".ToLowerInvariant();
        await clusters.PublishAsync($"{name}.shop.svc", [Server], [new() { Address = "127.0.0.1" }], backend.Port);
        var socket = Path.Combine(clusters.Folder, name, "xds.sock");
        await using var host = await ServeAsync(name, socket);
        await using var client = await LibraryClient.StartAsync(
            GrpcLibrary.Go, socket, Path.Combine(clusters.Folder, name), new Dictionary<int, string>(),
            providers: hasProviders
                ? new[] { "roots", "us1", "own" }.ToDictionary(one => one, one => (object)Watched(own.Paths))
                : null);

        Assert.StartsWith(
            "UNAVAILABLE", await client.AskAsync($"{name}.shop.svc.us1.internal:80"), StringComparison.Ordinal);
        var cluster = await Eventually.HoldsAsync(
            () => Task.FromResult(host.Ads.Streams().SelectMany(stream => stream.Types)
                .Single(type => type.Type == ResourceType.Cluster)),
            type => type.AckedVersion.Length > 0 || type.Refused is not null, Patience, Stop);
        Assert.Equal(hasProviders, cluster.Refused is null);
        if (!hasProviders)
        {
            Assert.Contains("provider", cluster.Refused!.Message, StringComparison.Ordinal);
        }

        Assert.Equal(0, backend.Requests);
    }

    private Task PublishBundleAsync() => clusters.PublishAsync(AnswerLeaves.BundleOf(
        "us1.example", TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds(),
        clusters.Target.Segment.Publisher, Convert.ToBase64String(Us1.Certificate.RawData)));

    // A sidecar whose clients' bootstrap has certificate providers.
    private async Task<SidecarHost> ServeAsync(string folder, string socket, params string[] lines)
    {
        var host = await TwoClusters.StartAsync(clusters.Configure(
            folder,
            [
                $"xds: {{socket: {socket}, address: 127.0.0.1:0, grpc: {{authorities: roots, certificate: own, "
                    + "domains: [{domain: us1.example, authorities: us1}]}}",
                .. lines,
            ]));
        await host.Ready.WaitAsync(Patience, Stop);
        return host;
    }

    private static Dictionary<string, object> Watched(SpiffePaths paths) => new()
    {
        ["plugin_name"] = "file_watcher",
        ["config"] = new Dictionary<string, string>
        {
            ["certificate_file"] = paths.Certificate,
            ["private_key_file"] = paths.Key,
            ["ca_certificate_file"] = paths.Bundle!,
            // grpc-js takes none without it.
            ["refresh_interval"] = "600s",
        },
    };

    // A unary answer of gRPC: a frame of four bytes, and the status behind it.
    private static Task<Backend> BackendAsync(CertificateAuthority authority, string identity) => Backend.StartAsync(
        async context =>
        {
            context.Response.ContentType = "application/grpc";
            await context.Response.Body.WriteAsync("\0\0\0\0\u0004here"u8.ToArray());
            context.Response.AppendTrailer("grpc-status", "0");
        },
        HttpProtocols.Http2,
        () => authority.Sign([identity]));
}
