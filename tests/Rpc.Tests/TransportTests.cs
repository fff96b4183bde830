using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Fairlead.TestKit;

namespace Fairlead.Rpc.Tests;

public sealed class TransportTests
{
    [Fact]
    public async Task Tls_BothKeys_AreSeenByTheOtherSide()
    {
        using var serverIdentity = Servers.Identity();
        using var clientIdentity = Servers.Identity();
        var tls = new RpcServerTls(serverIdentity);
        await using var server = await Servers.StartAsync(RpcEndpoint.Tcp(Servers.Any, tls));
        await using var channel = Servers.Connect(server, Pinned(serverIdentity, clientIdentity));
        Assert.Null(channel.ServerKey);
        Assert.Equal(clientIdentity.PublicKey, await PeerAsync(channel));
        Assert.Equal(serverIdentity.PublicKey, channel.ServerKey!);
    }

    [Fact]
    public async Task Tls_WrongServerKey_IsRefusedByName()
    {
        using var serverIdentity = Servers.Identity();
        using var other = Servers.Identity();
        var tls = new RpcServerTls(serverIdentity);
        await using var server = await Servers.StartAsync(RpcEndpoint.Tcp(Servers.Any, tls));
        await using var channel = Servers.Connect(server, Pinned(other, other));
        var failure = await Servers.FailsAsync(PeerAsync(channel));
        Assert.Equal(StatusCode.Unavailable, failure.StatusCode);
        var refused = Assert.IsType<TransportRefusedException>(failure.Status.DebugException);
        Assert.Equal(TransportFailure.TransportKeyMismatch, refused.Failure);
        Assert.Null(channel.ServerKey);
    }

    [Fact]
    public async Task Tls_WithoutClientKey_IsRefusedOnlyWhereRequired()
    {
        using var identity = Servers.Identity();
        await using var strict = await Servers.StartAsync(RpcEndpoint.Tcp(Servers.Any, new RpcServerTls(identity)));
        await using var refused = Servers.Connect(strict, Pinned(identity, null));
        Assert.Equal(StatusCode.Unavailable, (await Servers.FailsAsync(PeerAsync(refused))).StatusCode);
        await using var open = await Servers.StartAsync(
            RpcEndpoint.Tcp(Servers.Any, new RpcServerTls(identity, ClientKeyMode.Optional)));
        await using var channel = Servers.Connect(open, Pinned(identity, null));
        var peer = Encoding.ASCII.GetString(await PeerAsync(channel));
        Assert.StartsWith("ipv4:127.0.0.1:", peer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1.3.132.0.34")]
    [InlineData("1.3.132.0.10")]
    public async Task Rejects_ClientKeyOfAnotherForm_BadKey(string curve)
    {
        using var identity = Servers.Identity();
        await using var server = await Servers.StartAsync(RpcEndpoint.Tcp(Servers.Any, new RpcServerTls(identity)));
        using var certificate = ForeignCertificate(curve);
        Assert.Null(P256Point.Of(certificate));
        using var handler = new SocketsHttpHandler();
        handler.SslOptions.RemoteCertificateValidationCallback = (_, _, _, _) => true;
        handler.SslOptions.LocalCertificateSelectionCallback = (_, _, _, _, _) => certificate;
        using var client = new HttpMessageInvoker(handler);
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{server.Endpoints[0]}/test.Echo/Peer")
        {
            Version = new Version(2, 0),
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent([0, 0, 0, 0, 0]),
        };
        request.Content.Headers.TryAddWithoutValidation("content-type", "application/grpc");
        HttpResponseMessage response;
        try
        {
            response = await client.SendAsync(request, Servers.Token);
        }
        catch (HttpRequestException) when (curve == "1.3.132.0.10")
        {
            // TLS 1.3 has no signature scheme for this curve: the handshake itself refuses it.
            return;
        }

        using (response)
        {
            Assert.Equal("16", response.Headers.GetValues("grpc-status").Single());
            Assert.StartsWith("BadKey", response.Headers.GetValues("grpc-message").Single(), StringComparison.Ordinal);
        }
    }

    // .NET and BoringSSL refuse to send such a key, so the certificate is judged without a connection.
    [Fact]
    [MaliciousInput(7, "CurveBall explicit-parameter SPKI at the TLS port: BadKey")]
    public void Rejects_CurveBall_InACertificate()
    {
        using var certificate = ExplicitCertificate();
        Assert.Equal(P256Point.Length, certificate.PublicKey.EncodedKeyValue.RawData.Length);
        Assert.Null(P256Point.Of(certificate));
        var refused = Assert.Throws<TransportRefusedException>(() =>
            new ServerKeyGate("a server", _ => true).Validate(this, certificate, null, SslPolicyErrors.None));
        Assert.Equal(TransportFailure.BadKey, refused.Failure);
    }

    [Fact]
    public async Task Unix_Socket_ServesAndKeepsItsMode()
    {
        var path = Path.Combine(Directory.CreateTempSubdirectory("rpc").FullName, "s.sock");
        await using var server = await Servers.StartAsync(RpcEndpoint.Unix(path));
        await using var channel = new RpcChannel($"unix:{path}");
        Assert.StartsWith("unix:", Encoding.ASCII.GetString(await PeerAsync(channel)), StringComparison.Ordinal);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        var second = await Assert.ThrowsAsync<RpcEndpointException>(() => Servers.StartAsync(RpcEndpoint.Unix(path)));
        Assert.Equal($"socket in use: {path}; stop the process that serves it or choose another path", second.Message);
        Assert.StartsWith("unix:", Encoding.ASCII.GetString(await PeerAsync(channel)), StringComparison.Ordinal);
    }

    /// <summary>A volume for the socket is mounted empty.</summary>
    [Fact]
    public async Task Unix_FolderThatIsNotThere_IsMade_AndNamedWhereItCannotBe()
    {
        var folder = Directory.CreateTempSubdirectory("rpc").FullName;
        var path = Path.Combine(folder, "run", "fairlead", "s.sock");
        await using var server = await Servers.StartAsync(RpcEndpoint.Unix(path));
        await using var channel = new RpcChannel($"unix:{path}");
        Assert.NotEmpty(await PeerAsync(channel));
        await File.WriteAllTextAsync(Path.Combine(folder, "file"), "text", Servers.Token);
        var below = Path.Combine(folder, "file", "s.sock");
        var refused = await Assert.ThrowsAsync<RpcEndpointException>(() => Servers.StartAsync(RpcEndpoint.Unix(below)));
        Assert.StartsWith($"no folder for the socket {below}: ", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Unix_DeadSocket_IsReplacedAndAnotherFileIsNot()
    {
        var folder = Directory.CreateTempSubdirectory("rpc").FullName;
        var path = Path.Combine(folder, "dead.sock");
        using (var dead = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            dead.Bind(new UnixDomainSocketEndPoint(path));
            File.Move(path, path + ".kept");
        }

        File.Move(path + ".kept", path);
        await using var server = await Servers.StartAsync(RpcEndpoint.Unix(path));
        await using var channel = new RpcChannel($"unix:{path}");
        Assert.NotEmpty(await PeerAsync(channel));
        var plain = Path.Combine(folder, "plain");
        await File.WriteAllTextAsync(plain, "text", Servers.Token);
        await Assert.ThrowsAsync<RpcEndpointException>(() => Servers.StartAsync(RpcEndpoint.Unix(plain)));
        Assert.Equal("text", await File.ReadAllTextAsync(plain, Servers.Token));
    }

    [Fact]
    public async Task Port_InUse_IsNamed()
    {
        await using var server = await Servers.StartAsync();
        var taken = server.Endpoints[0].Address!;
        var failure = await Assert.ThrowsAsync<RpcEndpointException>(() => Servers.StartAsync(RpcEndpoint.Tcp(taken)));
        Assert.StartsWith($"address in use: http://{taken}", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Request_OfAnotherContentType_Is415()
    {
        await using var server = await Servers.StartAsync();
        using var handler = new SocketsHttpHandler();
        using var client = new HttpMessageInvoker(handler);
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{server.Endpoints[0]}/test.Echo/Unary")
        {
            Version = new Version(2, 0),
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new StringContent("x"),
        };
        using var response = await client.SendAsync(request, Servers.Token);
        Assert.Equal(415, (int)response.StatusCode);
    }

    private static RpcChannelOptions Pinned(TlsIdentity server, TlsIdentity? client) => new()
    {
        Identity = client,
        ServerKeyCheck = key => key.Span.SequenceEqual(server.PublicKey),
    };

    private static async Task<byte[]> PeerAsync(RpcChannel channel)
    {
        using var call = channel.CreateCallInvoker().AsyncUnaryCall(EchoService.Peer, null, default, []);
        return await call.ResponseAsync.WaitAsync(Servers.Patience, Servers.Token);
    }

    private static X509Certificate2 ForeignCertificate(string curve)
    {
        using var key = ECDsa.Create(ECCurve.CreateFromValue(curve));
        var now = TimeProvider.System.GetUtcNow();
        return new CertificateRequest("CN=stranger", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
    }

    // P-256 with its parameters spelled out (CVE-2020-0601): .NET does not make such a certificate, OpenSSL does.
    private static X509Certificate2 ExplicitCertificate()
    {
        Assert.SkipWhen(PeerTools.FindOnPath("openssl") is null, "no openssl on PATH");
        var folder = Directory.CreateTempSubdirectory("rpc").FullName;
        var (key, certificate) = (Path.Combine(folder, "key.pem"), Path.Combine(folder, "cert.pem"));
        OpenSsl($"ecparam -name prime256v1 -param_enc explicit -genkey -noout -out {key}");
        OpenSsl($"req -new -x509 -key {key} -subj /CN=stranger -days 1 -out {certificate}");
        return X509CertificateLoader.LoadCertificateFromFile(certificate);
    }

    private static void OpenSsl(string arguments)
    {
        using var process = PeerTools.Start("openssl", arguments.Split(' '));
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }
}
