using Fairlead.Naming;
using Fairlead.Protocol.Files;
using Fairlead.Sidecar.Hosting;
using Fairlead.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Sidecar.Tests.Hosting;

/// <summary>What the resolver is told of the files that a configuration names.</summary>
public sealed class ResolverSetupTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("fairlead-setup-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Pins_OfTheBootstrapFile_KeepTheirFloors()
    {
        var floor = new Floor(Digest.Sha256("epoch 7"u8), 7);
        using var setup = Read(isUnsafe: false, configured: false, floor);
        var (name, pin) = Assert.Single(setup.Options.Pins);
        Assert.Equal("us1.internal", name.Text);
        Assert.Equal(floor, pin.Floor);
    }

    [Theory]
    [InlineData(false, false, false)]
    [InlineData(true, false, true)]
    [InlineData(false, true, true)]
    public void UnsafeLoopback_InEitherFile_Holds(bool inBootstrap, bool inConfiguration, bool expected)
    {
        using var setup = Read(inBootstrap, inConfiguration, null);
        Assert.Equal(expected, setup.Options.Verifier.UnsafeAllowLoopbackEndpoints);
    }

    private ResolverSetup Read(bool isUnsafe, bool configured, Floor? pinFloor)
    {
        var bootstrap = new BootstrapFile(
            new BootstrapFile.Segment(
                SegmentName.Parse("eu1.internal"), Digest.Sha256("eu1"u8), new Floor(Digest.Sha256("eu1"u8), 0)),
            [IpEndpoint.Parse("127.0.0.1:1")],
            [new BootstrapFile.Segment(SegmentName.Parse("us1.internal"), Digest.Sha256("us1"u8), pinFloor)],
            [(TestKeys.Key(900), new Subject { Namespace = "shop", Account = "frontend" })],
            isUnsafe);
        var key = Path.Combine(_folder, "key.pem");
        File.WriteAllBytes(Path.Combine(_folder, "bootstrap.json"), bootstrap.Encode());
        File.WriteAllText(key, KeyPem.Format(TestKeys.Ecdsa(900)));
        File.SetUnixFileMode(key, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var file = Path.Combine(_folder, "sidecar.yaml");
        File.WriteAllText(
            file,
            "bootstrap: bootstrap.json\nkey: key.pem\n" + (
                configured ? "unsafe_allow_loopback_endpoints: true\n" : ""));
        return ResolverSetup.Read(
            SidecarOptions.Load(file, new Dictionary<string, string>()), TimeProvider.System, new Random(1),
            NullLogger.Instance);
    }
}
