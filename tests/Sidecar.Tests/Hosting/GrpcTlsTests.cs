using System.Text.Json;
using Fairlead.Identities;
using Fairlead.Sidecar.Tests.Proxy;
using Fairlead.TestKit;
using Fairlead.TestKit.Answers;
using Fairlead.TestKit.Processes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Fairlead.Sidecar.Tests.Hosting;

/// <summary>
/// The verified identity at a real proxyless client (gRPC's C core in Python), whose bootstrap has certificate
/// providers: eight real anchors, a whole sidecar, endpoints on mutual TLS.
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

    [Fact]
    public async Task Grpc_SpeaksToTheVerifiedIdentityAlone()
    {
        Assert.SkipWhen(PythonGrpc.Program is null, "no python3 with grpcio; install python3-grpcio or set PYTHON");
        using var own = new SvidFolder();
        own.Write(Eu1.Sign([Pod]), Us1);

        // What other domains are held against does not vouch for this one (V55).
        using var others = new SvidFolder();
        others.Write(Eu1.Sign([Pod]), Eu1);
        await using var good = await BackendAsync(Us1, Server);
        await using var wrong = await BackendAsync(Us1, Other);
        await using var forged = await BackendAsync(new CertificateAuthority("us1.example", Us1.Now), Server);
        await clusters.PublishAsync(AnswerLeaves.BundleOf(
            "us1.example", TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds(),
            clusters.Target.Segment.Publisher, Convert.ToBase64String(Us1.Certificate.RawData)));
        foreach (var (name, backend) in new[] { ("good", good), ("wrong", wrong), ("forged", forged) })
        {
            await clusters.PublishAsync($"{name}.shop.svc", [Server], [new() { Address = "127.0.0.1" }], backend.Port);
        }

        var socket = Path.Combine(clusters.Folder, "grpc-tls", "xds.sock");
        await using var host = await TwoClusters.StartAsync(clusters.Configure(
            "grpc-tls",
            $"xds: {{socket: {socket}, address: 127.0.0.1:0, grpc: {{authorities: roots, certificate: own, "
            + "domains: [{domain: us1.example, authorities: us1}]}}"));
        await host.Ready.WaitAsync(Patience, Stop);
        await using var client = Start(socket, own.Paths, others.Paths);
        Assert.Equal("ready", await client.ReadLineAsync(Patience, Stop));

        Assert.Equal("ok here", await AskAsync("good"));
        Assert.Equal(Pod, SvidCertificate.IdentityOf(good.Client!));
        Assert.StartsWith("UNAVAILABLE", await AskAsync("wrong"), StringComparison.Ordinal);
        Assert.StartsWith("UNAVAILABLE", await AskAsync("forged"), StringComparison.Ordinal);
        Assert.Equal((0, 0), (wrong.Requests, forged.Requests));
        Assert.All(host.Ads.Streams().SelectMany(stream => stream.Types), type => Assert.Null(type.Refused));

        Task<string> AskAsync(string name) =>
            client.AskAsync($"{name}.shop.svc.us1.internal:80", Patience, Stop);
    }

    private static Dictionary<string, object> Watched(SpiffePaths paths) => new()
    {
        ["plugin_name"] = "file_watcher",
        ["config"] = new Dictionary<string, string>
        {
            ["certificate_file"] = paths.Certificate,
            ["private_key_file"] = paths.Key,
            ["ca_certificate_file"] = paths.Bundle!,
        },
    };

    private static ChildProcess Start(string socket, SpiffePaths own, SpiffePaths others)
    {
        var bootstrap = JsonSerializer.Serialize(new Dictionary<string, object>
        {
            ["xds_servers"] = new[]
            {
                new Dictionary<string, object>
                {
                    ["server_uri"] = "unix:" + socket,
                    ["channel_creds"] = new[] { new Dictionary<string, string> { ["type"] = "insecure" } },
                    ["server_features"] = new[] { "xds_v3" },
                },
            },
            ["node"] = new Dictionary<string, string> { ["id"] = "pod" },
            ["certificate_providers"] = new Dictionary<string, object>
            {
                ["roots"] = Watched(others), ["us1"] = Watched(own), ["own"] = Watched(own),
            },
        });
        return ChildProcess.Start(
            PythonGrpc.Program!, [Path.Combine(AppContext.BaseDirectory, "Hosting", "grpc_tls_client.py")],
            new Dictionary<string, string?>
            {
                ["GRPC_XDS_BOOTSTRAP_CONFIG"] = bootstrap,
                ["GRPC_CLIENT_CHANNEL_BACKUP_POLL_INTERVAL_MS"] = "20",
            });
    }

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
