using System.Buffers.Binary;
using System.Diagnostics;
using System.Security.Cryptography;
using Fairlead.TestKit;

namespace Fairlead.Rpc.Tests;

/// <summary>The same calls with implementations nobody here has written.</summary>
public sealed class StrangerTests
{
    private static readonly string Peers = Path.Combine(PeerTools.RepositoryRoot, "tests", "Rpc.Tests", "peers");

    private static readonly string[] JsChecks =
    [
        "unary", "metadata", "trailers", "big", "limit", "details", "unimplemented", "deadline", "bidi", "health",
        "cancel", "after",
    ];

    private static readonly string[] PythonChecks =
    [
        "unary", "metadata", "trailers", "big", "gzip", "limit", "details", "unimplemented", "deadline",
        "server stream", "client stream", "bidi", "health", "health watch", "reflection", "described", "cancel",
        "after",
    ];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Python_AsClient_PassesEveryCheck(bool unix)
    {
        var cancelled = new TaskCompletionSource();
        await using var server = await StartAsync(unix, cancelled);
        await RunAsync(Python(), [Path.Combine(Peers, "client.py"), Target(server)], PythonChecks);
        await cancelled.Task.WaitAsync(Servers.Patience, Servers.Token);
    }

    /// <summary>TLS 1.3 with the self-made certificates of both sides, each of which the other knows
    /// beforehand.</summary>
    [Fact]
    public async Task Python_AsClientOverTls_PassesEveryCheck()
    {
        var cancelled = new TaskCompletionSource();
        using var serverKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var clientKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var identity = new TlsIdentity(serverKey, TimeProvider.System);
        using var client = new TlsIdentity(clientKey, TimeProvider.System);
        var folder = Directory.CreateTempSubdirectory("rpc").FullName;
        await WriteAsync(folder, "server", identity.Certificate.ExportCertificatePem());
        await WriteAsync(folder, "key", clientKey.ExportPkcs8PrivateKeyPem());
        await WriteAsync(folder, "chain", client.Certificate.ExportCertificatePem());
        var tls = new RpcServerTls(identity);
        await using var server = await Servers.StartAsync(RpcEndpoint.Tcp(Servers.Any, tls), cancelled);

        string[] arguments = [Path.Combine(Peers, "client.py"), server.Endpoints[0].Address!.ToString(), folder];
        await RunAsync(Python(), arguments, PythonChecks);
        await cancelled.Task.WaitAsync(Servers.Patience, Servers.Token);
    }

    [Fact]
    public async Task Python_AsServerOverTls_IsKnownByItsKey()
    {
        using var serverKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var clientKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var identity = new TlsIdentity(serverKey, TimeProvider.System);
        using var client = new TlsIdentity(clientKey, TimeProvider.System);
        var folder = Directory.CreateTempSubdirectory("rpc").FullName;
        await WriteAsync(folder, "key", serverKey.ExportPkcs8PrivateKeyPem());
        await WriteAsync(folder, "chain", identity.Certificate.ExportCertificatePem());
        await WriteAsync(folder, "client", client.Certificate.ExportCertificatePem());
        using var process = PeerTools.Start(Python(), [Path.Combine(Peers, "server.py"), "tls", folder]);
        try
        {
            var target = $"https://127.0.0.1:{await process.StandardOutput.ReadLineAsync(Servers.Token)}";
            await using var known = new RpcChannel(target, Options(key => key.Span.SequenceEqual(identity.PublicKey)));
            using var call = known.CreateCallInvoker().AsyncUnaryCall(EchoService.Unary, null, default, [1, 2]);
            Assert.Equal([1, 2], await call);
            Assert.Equal(identity.PublicKey, known.ServerKey!);

            await using var other = new RpcChannel(target, Options(key => key.Span.SequenceEqual(client.PublicKey)));
            using var refused = other.CreateCallInvoker().AsyncUnaryCall(EchoService.Unary, null, default, [1, 2]);
            var failure = (await Servers.FailsAsync(refused.ResponseAsync)).Status.DebugException;
            Assert.Equal(
                TransportFailure.TransportKeyMismatch, Assert.IsType<TransportRefusedException>(failure).Failure);
        }
        finally
        {
            process.Kill();
        }

        RpcChannelOptions Options(Func<ReadOnlyMemory<byte>, bool> check) =>
            new() { Identity = client, ServerKeyCheck = check };
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task GrpcJs_AsClient_PassesEveryCheck(bool unix)
    {
        Assert.SkipWhen(PeerTools.Node is null, "no node on PATH");
        Assert.SkipWhen(PeerTools.NodePackages is null, "no @grpc/grpc-js: run eng/install-test-tools.sh");
        var cancelled = new TaskCompletionSource();
        await using var server = await StartAsync(unix, cancelled);
        string[] arguments = [Path.Combine(Peers, "client.js"), Target(server), PeerTools.NodePackages!];
        await RunAsync(PeerTools.Node!, arguments, JsChecks);
        await cancelled.Task.WaitAsync(Servers.Patience, Servers.Token);
    }

    [Fact]
    public async Task Python_AsServer_AnswersUnaryCalls()
    {
        using var process = StartPython();
        try
        {
            await using var channel = Channel(process, out var invoker);
            var headers = new Metadata { { "echo-a", "1" }, { "echo-b-bin", [0, 255, 1] } };
            using var call = invoker.AsyncUnaryCall(EchoService.Unary, null, new CallOptions(headers), [1, 2]);
            Assert.Equal([1, 2], await call);
            Assert.Equal([0, 255, 1], (await call.ResponseHeadersAsync).GetValueBytes("echo-b-bin")!);
            Assert.Equal("1", call.GetTrailers().GetValue("echo-a"));
            using var fail = invoker.AsyncUnaryCall(EchoService.Fail, null, default, []);
            var failure = await Servers.FailsAsync(fail.ResponseAsync);
            Assert.Equal(new Status(StatusCode.FailedPrecondition, "wrong % état"), failure.Status);
            Assert.Equal("no", failure.GetRpcStatus()!.Message);
            using var missing = invoker.AsyncUnaryCall(EchoService.Peer, null, default, []);
            Assert.Equal(StatusCode.Unimplemented, (await Servers.FailsAsync(missing.ResponseAsync)).StatusCode);
            using var big = invoker.AsyncUnaryCall(EchoService.Make, null, default, Size(3 << 20));
            Assert.Equal(3 << 20, (await big).Length);
            using var over = invoker.AsyncUnaryCall(EchoService.Make, null, default, Size((4 << 20) + 1));
            Assert.Equal(StatusCode.ResourceExhausted, (await Servers.FailsAsync(over.ResponseAsync)).StatusCode);
        }
        finally
        {
            process.Kill();
        }
    }

    [Fact]
    public async Task Python_AsServer_SeesDeadlineAndCancellation()
    {
        using var process = StartPython();
        try
        {
            await using var channel = Channel(process, out var invoker);
            using var source = new CancellationTokenSource();
            using var hang = invoker.AsyncUnaryCall(
                EchoService.Hang, null, new CallOptions(cancellationToken: source.Token), []);
            using var warm = invoker.AsyncUnaryCall(EchoService.Unary, null, default, []);
            await warm;
            var deadline = TimeProvider.System.GetUtcNow().UtcDateTime.AddMilliseconds(300);
            using var late = invoker.AsyncUnaryCall(EchoService.Hang, null, new CallOptions(deadline: deadline), []);
            Assert.Equal(StatusCode.DeadlineExceeded, (await Servers.FailsAsync(late.ResponseAsync)).StatusCode);
            await source.CancelAsync();
            Assert.Equal(StatusCode.Cancelled, (await Servers.FailsAsync(hang.ResponseAsync)).StatusCode);
            using var seen = invoker.AsyncUnaryCall(EchoService.Unknown, null, default, []);
            Assert.Equal("yes"u8.ToArray(), await seen);
        }
        finally
        {
            process.Kill();
        }
    }

    [Theory]
    [InlineData("plain")]
    [InlineData("gzip")]
    public async Task Python_AsServer_StreamsBothWays(string mode)
    {
        using var process = StartPython(mode);
        try
        {
            await using var channel = Channel(process, out var invoker);
            using var repeat = invoker.AsyncServerStreamingCall(EchoService.Repeat, null, default, [9]);
            var all = await repeat.ResponseStream.ReadAllAsync(Servers.Token).ToListAsync(Servers.Token);
            Assert.Equal(Enumerable.Range(0, 10), all.Select(bytes => (int)bytes[1]));
            using var join = invoker.AsyncClientStreamingCall(EchoService.Join, null, default);
            await join.RequestStream.WriteAsync(new byte[1000]);
            await join.RequestStream.WriteAsync([2]);
            await join.RequestStream.CompleteAsync();
            Assert.Equal(1001, (await join).Length);
            using var chat = invoker.AsyncDuplexStreamingCall(EchoService.Chat, null, default);
            for (byte i = 0; i < 20; i++)
            {
                await chat.RequestStream.WriteAsync([i]);
                Assert.True(await chat.ResponseStream.MoveNext(Servers.Token));
                Assert.Equal([i], chat.ResponseStream.Current);
            }

            await chat.RequestStream.CompleteAsync();
            Assert.False(await chat.ResponseStream.MoveNext(Servers.Token));
            Assert.Equal("over", chat.GetTrailers().GetValue("chat"));
        }
        finally
        {
            process.Kill();
        }
    }

    private static Task WriteAsync(string folder, string name, string pem) =>
        File.WriteAllTextAsync(Path.Combine(folder, $"{name}.pem"), pem, Servers.Token);

    private static byte[] Size(int size)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, size);
        return bytes;
    }

    private static string Python()
    {
        Assert.SkipWhen(PeerTools.Python is null, "no python3 with grpc: run eng/install-test-tools.sh");
        return PeerTools.Python!;
    }

    private static Task<RpcServer> StartAsync(bool unix, TaskCompletionSource cancelled)
    {
        var path = Path.Combine(Directory.CreateTempSubdirectory("rpc").FullName, "s");
        return Servers.StartAsync(unix ? RpcEndpoint.Unix(path) : RpcEndpoint.Tcp(Servers.Any), cancelled);
    }

    private static string Target(RpcServer server)
    {
        var endpoint = server.Endpoints[0];
        return endpoint.SocketPath is { } path ? $"unix:{path}" : endpoint.Address!.ToString();
    }

    private static async Task RunAsync(string program, string[] arguments, string[] checks)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Servers.Token);
        limit.CancelAfter(TimeSpan.FromMinutes(5));
        var (code, output, error) = await PeerTools.RunAsync(program, arguments, null, limit.Token);
        Assert.True(code == 0, $"exit {code} after: {output}{error}");
        Assert.Equal(checks, output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    private static Process StartPython(string mode = "plain") =>
        PeerTools.Start(Python(), [Path.Combine(Peers, "server.py"), mode]);

    private static RpcChannel Channel(Process process, out CallInvoker invoker)
    {
        var port = process.StandardOutput.ReadLine();
        var channel = new RpcChannel($"http://127.0.0.1:{port}");
        invoker = channel.CreateCallInvoker();
        return channel;
    }
}
