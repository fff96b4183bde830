using Fairlead.Naming;
using Fairlead.Protocol.Files;
using Xunit;

namespace Fairlead.Cli.Tests.Commands;

public sealed class SegmentCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task InitAndPeer_TwoSegments_WriteAllFiles()
    {
        (await Fairlead.RunAsync("key", "new", "--out", _folder["pod.pem"])).Succeeds();
        (await Fairlead.RunAsync([.. Init("eu1"), "--subject", $"{_folder["pod.pem"]}=shop/frontend"])).Succeeds();
        (await Fairlead.RunAsync(Init("us1"))).Succeeds();
        (await Peer("eu1", "us1")).Succeeds();
        (await Peer("us1", "eu1")).Succeeds();

        foreach (var segment in new[] { "eu1", "us1" })
        {
            var file = SegmentFile.Read(_folder[$"{segment}/segment.json"]);
            Assert.Equal(2, file.Epochs.Length);
            Assert.Single(file.Handovers);
            Assert.Equal(file.Genesis, BootstrapFile.Read(_folder[$"{segment}/bootstrap.json"]).Home.Genesis);
            foreach (var anchor in new[] { "a", "b", "c", "d" })
            {
                foreach (var key in new[] { "gov", "seal", "tls" })
                {
                    var path = _folder[$"{segment}/anchors/{segment}-{anchor}/{key}.pem"];
                    Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
                    KeyFile.LoadSigner(path).Dispose();
                }
            }
        }

        var yaml = await File.ReadAllTextAsync(
            _folder["eu1/anchors/eu1-b/anchor.yaml"], TestContext.Current.CancellationToken);
        Assert.Contains("listen: \"127.0.0.1:11002\"", yaml, StringComparison.Ordinal);
        Assert.Contains("admin: \"127.0.0.1:12002\"", yaml, StringComparison.Ordinal);
        Assert.Contains("account: frontend", yaml, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", yaml, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Init_WithTrustDomains_DeclaresThemFromItsBirth()
    {
        (await Fairlead.RunAsync(
            [.. Init("eu1"), "--trust-domain", "eu1.example", "--trust-domain", "batch.eu1.example"])).Succeeds();
        var file = SegmentFile.Read(_folder["eu1/segment.json"]);
        Assert.True(Document.TryParse<Epoch>(file.Epochs[0].Payload, out var epoch, out _));
        Assert.Equal(["batch.eu1.example", "eu1.example"], epoch.Value.Domains);

        (await Fairlead.RunAsync([.. Init("us1"), "--trust-domain", "US1"]))
            .Fails(ExitCode.Usage, "--trust-domain US1");
    }

    /// <summary>A root and two children (4.10): one is born under it, one accepts it later; it links both.</summary>
    [Fact]
    public async Task InitAndLink_ParentAndChildren_NameEachOther()
    {
        (await Fairlead.RunAsync([.. Init("acme"), "--transit", "*.acme.internal"])).Succeeds();
        (await Fairlead.RunAsync(
            [.. Init("eu1", "eu1.acme.internal"), "--parent", _folder["acme/peer.json"]])).Succeeds();
        (await Fairlead.RunAsync(Init("us1", "us1.acme.internal"))).Succeeds();
        (await Link("us1", "--parent", "acme")).Succeeds();

        var linked = (await Fairlead.RunAsync(
            "segment", "link", "--segment", _folder["acme"],
            "--child", _folder["eu1/peer.json"], "--child", _folder["us1/peer.json"])).Succeeds();

        Assert.Contains("child us1.acme.internal", linked.Output, StringComparison.Ordinal);
        var acme = SegmentFile.Read(_folder["acme/segment.json"]);
        Assert.Equal((2, 2), (acme.Epochs.Length, acme.Leaves[1].Length));
        foreach (var (child, epochs) in new[] { ("eu1", 1), ("us1", 2) })
        {
            var file = SegmentFile.Read(_folder[$"{child}/segment.json"]);
            Assert.Equal(epochs, file.Epochs.Length);
            Assert.True(Document.TryParse<Epoch>(file.Epochs[^1].Payload, out var epoch, out _));
            Assert.Equal((child, acme.Genesis), (epoch.Value.Uplinks[0].Label, epoch.Value.Uplinks[0].Parent));
        }
    }

    [Fact]
    public async Task Link_WhatIsNoChildOrNoParent_IsRefused()
    {
        (await Fairlead.RunAsync(Init("acme"))).Succeeds();
        (await Fairlead.RunAsync(Init("eu1"))).Succeeds();

        (await Link("acme", "--child", "eu1")).Fails(ExitCode.Usage, "NameConflict");
        (await Link("eu1", "--parent", "acme")).Fails(ExitCode.Usage, "NameConflict");
        (await Fairlead.RunAsync("segment", "link", "--segment", _folder["acme"]))
            .Fails(ExitCode.Usage, "--child");
        (await Fairlead.RunAsync(
            [.. Init("us1", "us1.other.internal"), "--parent", _folder["acme/peer.json"]]))
            .Fails(ExitCode.Usage, "NameConflict");
        Assert.False(Directory.Exists(_folder["us1"]));
    }

    [Fact]
    public async Task Init_FolderInUse_ChangesNothing()
    {
        (await Fairlead.RunAsync(Init("eu1"))).Succeeds();
        var before = Content();

        (await Fairlead.RunAsync(Init("eu1"))).Fails(ExitCode.Usage, "exists already");

        Assert.Equal(before, Content());

        Dictionary<string, string> Content() => Directory
            .GetFiles(_folder["eu1"], "*", SearchOption.AllDirectories).ToDictionary(file => file, File.ReadAllText);
    }

    [Fact]
    public async Task Peer_AnchorsHaveRun_IsRefused()
    {
        (await Fairlead.RunAsync(Init("eu1"))).Succeeds();
        (await Fairlead.RunAsync(Init("us1"))).Succeeds();
        Directory.CreateDirectory(_folder["eu1/anchors/eu1-c/data"]);
        _folder.Write("eu1/anchors/eu1-c/data/store.db", "x");

        (await Peer("eu1", "us1")).Fails(ExitCode.Usage, "the anchors have run");
    }

    [Theory]
    [InlineData("{", "peer.json")]
    [InlineData("{\"name\":\"us1.internal\"}", "peer.json")]
    public async Task Peer_BadPeerFile_IsRefused(string text, string part)
    {
        (await Fairlead.RunAsync(Init("eu1"))).Succeeds();
        _folder.Write("bad-peer.json", text);

        (await Fairlead.RunAsync("segment", "peer", "--segment", _folder["eu1"], "--with", _folder["bad-peer.json"]))
            .Fails(ExitCode.Usage, part);
    }

    [Theory]
    [InlineData("--name", "svc.internal", "BadName")]
    [InlineData("--name", "EU1.internal", "BadName")]
    [InlineData("--listen", "127.0.0.1:1,127.0.0.1:2", "--admin-listen names 4")]
    [InlineData("--out", "", "--out: give the folder to fill")]
    [InlineData(
        "--admin-listen", "10.0.0.1:1,127.0.0.1:2,127.0.0.1:3,127.0.0.1:4",
        "--admin-listen 10.0.0.1:1: others can reach it")]
    [InlineData("--listen", "127.0.0.1:1,127.0.0.1:2,127.0.0.1:3,host:4", "--listen host:4")]
    [InlineData("--listen", "127.0.0.1:1,127.0.0.1:2,127.0.0.1:3,127.0.0.1:12001", "stands twice")]
    [InlineData("--policy", "loose", "--policy loose")]
    [InlineData("--admins", "a,b", "--admins names 2")]
    [InlineData("--f", "2", "--f 2")]
    [InlineData("--f", "-1", "--f -1")]
    [InlineData("--anchors", "17", "--anchors 17")]
    [InlineData("--host", "\"", "--host")]
    [InlineData("--transit", "*.svc", "names services")]
    [InlineData("--transit", "a..b", "--transit a..b")]
    [InlineData("--parent", "no-such.json", "does not exist")]
    [InlineData("--subject", "pod.pem", "--subject pod.pem")]
    [InlineData("--subject", "no-such.pem=shop/frontend", "does not exist")]
    [InlineData("--subject", "p256:00=shop/frontend", "--subject p256:00")]
    [InlineData("--subject", "p256:00=shop", "--subject p256:00=shop")]
    public async Task Init_WrongOption_IsNamedAndNothingIsWritten(string option, string value, string part)
    {
        var arguments = Init("eu1").ToList();
        var at = arguments.IndexOf(option);
        if (at >= 0)
        {
            arguments[at + 1] = value;
        }
        else
        {
            arguments.AddRange([option, value]);
        }

        (await Fairlead.RunAsync([.. arguments])).Fails(ExitCode.Usage, part);
        Assert.False(Directory.Exists(_folder["eu1"]));
    }

    [Fact]
    public async Task Init_WithOneKeyForTwoSubjects_IsRefused()
    {
        (await Fairlead.RunAsync("key", "new", "--out", _folder["pod.pem"])).Succeeds();
        (await Fairlead.RunAsync(
            [
                .. Init("eu1"), "--subject", $"{_folder["pod.pem"]}=shop/frontend",
                "--subject", $"{_folder["pod.pem"]}=shop/cart",
            ]))
            .Fails(ExitCode.Usage, "--subject: a key stands twice");
    }

    [Fact]
    public async Task Init_WhereAllHaveToCertify_SaysSo()
    {
        var three = Init("eu1").Select(word => word.StartsWith("127.", StringComparison.Ordinal)
            ? word[..word.LastIndexOf(',')] : word);
        Assert.Contains(
            "one anchor that stops, stops the segment: all 3 have to certify",
            (await Fairlead.RunAsync([.. three])).Succeeds().Output, StringComparison.Ordinal);
        Assert.DoesNotContain(
            "stops the segment", (await Fairlead.RunAsync(Init("us1"))).Succeeds().Output, StringComparison.Ordinal);
    }

    private Task<Fairlead> Link(string segment, string option, string other) => Fairlead.RunAsync(
        "segment", "link", "--segment", _folder[segment], option, _folder[$"{other}/peer.json"]);

    private string[] Init(string segment, string? name = null) =>
    [
        "segment", "init", "--name", name ?? $"{segment}.internal", "--out", _folder[segment],
        "--policy", "demo", "--host", "h",
        "--listen", "127.0.0.1:11001,127.0.0.1:11002,127.0.0.1:11003,127.0.0.1:11004",
        "--admin-listen", "127.0.0.1:12001,127.0.0.1:12002,127.0.0.1:12003,127.0.0.1:12004",
    ];

    private Task<Fairlead> Peer(string segment, string with) =>
        Fairlead.RunAsync("segment", "peer", "--segment", _folder[segment], "--with", _folder[$"{with}/peer.json"]);
}
