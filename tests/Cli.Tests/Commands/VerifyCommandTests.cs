using System.Globalization;
using System.Text.Json.Nodes;
using Fairlead.Naming.Traversal;
using Fairlead.TestKit.Answers;
using Xunit;

namespace Fairlead.Cli.Tests.Commands;

public sealed class VerifyCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly PeerWorld _world = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Verify_SavedRecord_IsAnAnswer()
    {
        var run = (await VerifyAsync(Save(_world.Ask(), _world.Answer()))).Succeeds();

        var json = JsonNode.Parse(run.Output)!;
        Assert.Equal("record", (string?)json["outcome"]);
        Assert.Equal("seal", (string?)json["bound"]);
        Assert.Equal(3, json["endpoints"]!.AsArray().Count);
        Assert.Equal(_world.Us1.Genesis.ToString(), (string?)json["hops"]![1]!["genesis"]);
    }

    [Fact]
    public async Task Verify_SavedAbsence_ExitsWithAbsent()
    {
        var ask = _world.Ask("nobody.shop.svc");

        (await VerifyAsync(Save(ask, ask.Negative()))).Fails(ExitCode.Absent, "");
    }

    [Fact]
    public async Task Verify_SavedDenial_ExitsWithDenied()
    {
        var ask = _world.Ask();

        (await VerifyAsync(Save(ask, ask.Denied()))).Fails(ExitCode.Denied, "");
    }

    [Fact]
    public async Task Verify_AnotherGenesis_IsRefused() =>
        (await Fairlead.RunAsync(
            "verify", Save(_world.Ask(), _world.Answer()), "--genesis", _world.Us1.Genesis.ToString(), "--at", At(0)))
            .Fails(ExitCode.Refused, "QueryMismatch");

    [Fact]
    public async Task Verify_AfterItsTime_HasExpired() =>
        (await VerifyAsync(Save(_world.Ask(), _world.Answer()), At(60_000))).Fails(ExitCode.Unreachable, "SealExpired");

    [Fact]
    public async Task Verify_NowByDefault_IsNotTheTimeOfTheFile() =>
        (await Fairlead.RunAsync(
            "verify", Save(_world.Ask(), _world.Answer()), "--genesis", _world.Eu1.Genesis.ToString()))
            .Fails(ExitCode.Refused, "FromFuture");

    [Theory]
    [InlineData("yyyy-MM-dd'T'HH:mm:ss'Z'")]
    [InlineData("yyyy-MM-dd'T'HH:mm:ss.fff'Z'")]
    [InlineData("yyyy-MM-dd'T'HH:mm:ss'+00:00'")]
    public async Task Verify_Rfc3339_IsTheSameMoment(string format)
    {
        var moment = DateTimeOffset.FromUnixTimeMilliseconds(_world.Now).ToString(format, CultureInfo.InvariantCulture);

        var run = (await VerifyAsync(Save(_world.Ask(), _world.Answer()), moment)).Succeeds();

        Assert.Equal(_world.Now, (long)JsonNode.Parse(run.Output)!["verified_at"]!);
    }

    [Theory]
    [InlineData("yesterday")]
    [InlineData("2026-01-31T12:00:00")]
    [InlineData("-1")]
    [InlineData("99999999999999999999")]
    public async Task Verify_MalformedMoment_IsRefused(string at) =>
        (await Fairlead.RunAsync(
            "verify", Save(_world.Ask(), _world.Answer()), "--genesis", _world.Eu1.Genesis.ToString(), $"--at={at}"))
            .Fails(ExitCode.Usage, "--at");

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("{\"format\":\"fairlead-saved-answer/1\"}")]
    public async Task Verify_MalformedFile_IsRefused(string text) =>
        (await VerifyAsync(_folder.Write("bad.json", text))).Fails(ExitCode.Refused, "BadEnvelope");

    [Fact]
    public async Task Verify_MissingFile_ExitsWithUsage() =>
        (await VerifyAsync(_folder["none.json"])).Fails(ExitCode.Usage, "none.json");

    [Fact]
    public async Task Verify_ShortGenesis_ExitsWithUsage() =>
        (await Fairlead.RunAsync("verify", "f", "--genesis", "abc")).Fails(ExitCode.Usage, "--genesis");

    /// <summary>Whoever makes a file could write into it that loopback is admitted.</summary>
    [Theory]
    [InlineData("verify")]
    [InlineData("explain")]
    public async Task Loopback_IsAdmittedByTheVerifierAlone_AndNotByTheFile(string verb)
    {
        var slice = AnswerLeaves.SliceOf(PeerWorld.Checkout, "us-east", "127.0.2.1");
        _world.Us1.Put(AnswerLeaves.RecordOf(PeerWorld.Checkout, _world.Now - 30_000, _world.Us1.Publisher, slice))
            .SealAt(_world.Now - 500);
        var ask = _world.Ask();
        var path = Save(ask, ask.Record(slice), new VerifierOptions { UnsafeAllowLoopbackEndpoints = true });
        Assert.Contains(
            "unsafe_allow_loopback_endpoints", await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken),
            StringComparison.Ordinal);
        string[] line =
        [
            .. verb == "verify" ? (string[])["verify", path] : ["explain", "--from", path],
            "--genesis", _world.Eu1.Genesis.ToString(), "--at", At(0),
        ];
        var refused = await Fairlead.RunAsync(line);
        refused.Fails(ExitCode.Refused, "AddressOutOfScope");
        Assert.Contains(
            "give --unsafe-allow-loopback-endpoints to admit them here too", refused.Error, StringComparison.Ordinal);
        var admitted = (await Fairlead.RunAsync([.. line, "--unsafe-allow-loopback-endpoints"])).Succeeds();
        Assert.Contains("UNSAFE", admitted.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Verify_ChangedRecord_ProofMismatch()
    {
        var path = Save(_world.Ask(), _world.Answer());
        var text = await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken);
        var payload = Convert.ToBase64String(_world.Record.Encode());
        var changed = Convert.ToBase64String((_world.Record with { TtlMax = 61_000 }).Encode());
        Assert.Contains(payload, text, StringComparison.Ordinal);

        (await VerifyAsync(_folder.Write("changed.json", text.Replace(payload, changed, StringComparison.Ordinal))))
            .Fails(ExitCode.Refused, "ProofMismatch");
    }

    private string Save(TestAnswers ask, UnverifiedAnswer raw, VerifierOptions? options = null)
    {
        var verdict = AnswerVerifier.Verify(_world.State, ask.Query, raw, _world.Now, options);
        Assert.True(verdict is Verdict.Accepted, (verdict as Verdict.Refused)?.Refusal.ToString());
        var saved = SavedAnswer.Of(
            ((Verdict.Accepted)verdict).Answer, raw, raw.Hops.ToDictionary(hop => hop.Genesis, hop => hop.Epochs));
        File.WriteAllBytes(_folder["answer.json"], SavedAnswerFile.Write(saved));
        return _folder["answer.json"];
    }

    private Task<Fairlead> VerifyAsync(string path, string? at = null) => Fairlead.RunAsync(
        "verify", path, "--genesis", _world.Eu1.Genesis.ToString(), "--at", at ?? At(0), "--output", "json");

    private string At(long later) => (_world.Now + later).ToString(CultureInfo.InvariantCulture);
}
