using System.Text.Json.Nodes;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol;
using Fairlead.Protocol.Files;
using Fairlead.TestKit;
using Fairlead.TestKit.Processes;
using Xunit;

namespace Fairlead.Cli.Tests.Commands;

public sealed class ResolveCommandTests : IDisposable
{
    private const string Web = "web.shop.svc.eu1.internal";
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Resolve_Record_PrintsEndpointsAndWhatBoundsThem()
    {
        await using var home = await StartAsync();

        var run = (await ResolveAsync(Web)).Succeeds();

        Assert.StartsWith(
            "10.0.0.1:8080 region eu\n10.0.0.2:8080 region eu\n; ttl ", run.Output, StringComparison.Ordinal);
        Assert.Contains("bound by seal of eu1.internal", run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain('\e', run.Output);
    }

    [Fact]
    public async Task Trace_Record_ShowsEpochSealSignersAndAttests()
    {
        await using var home = await StartAsync();

        var run = (await Fairlead.RunAsync([.. Line(Web, "trace")])).Succeeds();

        foreach (var part in new[]
        {
            "hop 0 home eu1.internal", home.Segment.Genesis.ToString(), "seal (0,1)", "signed by eu1-", "says allow",
            "<- bound",
        })
        {
            Assert.Contains(part, run.Output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Resolve_Unsafe_IsShownInEveryTrace()
    {
        await using var home = await StartAsync();

        var run = (await Fairlead.RunAsync([.. Line(Web, "trace"), "--unsafe-allow-loopback-endpoints"])).Succeeds();

        Assert.Contains("!! UNSAFE", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Resolve_FloorThatIsNoEpochOfTheHome_NamesTheFileAndTheRemedy()
    {
        await using var home = await StartAsync();
        var bootstrap = JsonNode.Parse(
            await File.ReadAllTextAsync(_folder["b.json"], TestContext.Current.CancellationToken))!;
        bootstrap["home"]!["floor"]!["digest"] = Digest.Sha256("another"u8).ToString();
        var file = _folder.Write("b.json", bootstrap.ToJsonString());

        var run = await ResolveAsync(Web);

        run.Fails(ExitCode.Refused, "FloorMismatch");
        Assert.Contains(
            $"home.floor in {file} is no epoch of that segment: take the file from the home's operators anew, or set "
            + "the floor to an epoch that they name", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Resolve_UnknownName_ExitsWithAbsent()
    {
        await using var home = await StartAsync();

        var run = await ResolveAsync("nobody.shop.svc.eu1.internal", "--output", "json");

        Assert.Equal(ExitCode.Absent, run.ExitCode);
        Assert.Equal("neg_ttl", (string?)JsonNode.Parse(run.Output)!["ttl_parts"]![0]!["name"]);
    }

    [Fact]
    public async Task Resolve_DeniedAsker_ExitsWithDenied()
    {
        await using var home = await StartAsync();
        home.Say = static (_, ask) => ask.Denied();

        Assert.Equal(ExitCode.Denied, (await ResolveAsync(Web)).ExitCode);
    }

    [Fact]
    public async Task Resolve_OneAnchorIsSilent_AnotherOneAnswersMeanwhile()
    {
        await using var home = await StartAsync();
        using var silence = new ManualResetEventSlim();
        home.Twist = (index, answer) =>
        {
            if (index == 0)
            {
                silence.Wait();
            }

            return answer;
        };

        try
        {
            // The first one's patience would end before this answer, were it not asked beside the second.
            var run = (await ResolveAsync(Web, "--output", "json")).Succeeds();

            Assert.Empty(JsonNode.Parse(run.Output)!["refusals"]!.AsArray());
            Assert.False(silence.IsSet);
        }
        finally
        {
            silence.Set();
        }
    }

    /// <summary>More than F heads are enough to start from: who was only not waited for did nothing wrong.</summary>
    [Fact]
    public async Task Resolve_OneAnchorTellsNoHeadInTime_IsNoRefusalWhereTheOthersSuffice()
    {
        await using var home = await StartAsync();
        var told = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        home.BeforeHead = index => index == 2 ? told.Task : Task.CompletedTask;
        try
        {
            var run = (await ResolveAsync(Web, "--output", "json")).Succeeds();

            Assert.Empty(JsonNode.Parse(run.Output)!["refusals"]!.AsArray());
        }
        finally
        {
            told.SetResult();
        }
    }

    [Fact]
    public async Task Resolve_OneAnchorLies_IsNamedAndAnotherOneAnswers()
    {
        await using var home = await StartAsync();
        home.Twist = static (index, answer) => index == 0 ? Changed(answer) : answer;

        var run = (await ResolveAsync(Web, "--output", "json")).Succeeds();

        var refusal = Assert.Single(JsonNode.Parse(run.Output)!["refusals"]!.AsArray())!;
        Assert.Equal("ProofMismatch", (string?)refusal["failure"]);
        Assert.Equal(BootstrapFile.Read(_folder["b.json"]).Endpoints[0].Text, (string?)refusal["anchor"]);

        // Or more, where a busy machine takes the second for silent.
        Assert.InRange(home.Asked, 2, 3);
    }

    [Fact]
    public async Task Resolve_AllAnchorsLie_IsRefused()
    {
        await using var home = await StartAsync();
        home.Twist = static (_, answer) => Changed(answer);

        var run = await ResolveAsync(Web, "--output", "json");

        run.Fails(ExitCode.Refused, "ProofMismatch");
        Assert.Equal("refused", (string?)JsonNode.Parse(run.Output)!["outcome"]);
        Assert.Equal(3, home.Asked);
    }

    [Fact]
    public async Task Resolve_AnchorsNotSealed_AreAskedAgainAndThenUnreachable()
    {
        await using var home = await StartAsync();
        home.Twist = static (_, _) => throw RpcFailures.ToException(
            new Refusal(VerificationFailure.NotSealed, "", "not yet"));

        (await ResolveAsync(Web)).Fails(ExitCode.Unreachable, "NotSealed");
        Assert.Equal(9, home.Asked);
    }

    /// <summary>Who answered is there: what its operator is told to look at is what was said.</summary>
    [Theory]
    [InlineData(VerificationFailure.NotSealed, "hold nothing valid of the segment that they name")]
    [InlineData(VerificationFailure.Behind, "do not know yet what is new")]
    [InlineData(VerificationFailure.RateLimited, "ask again later")]
    [InlineData(VerificationFailure.EpochExpired, "what they hold is over")]
    public async Task Resolve_AnchorsThatAnswered_AreNotSoughtElsewhere(VerificationFailure failure, string advice)
    {
        await using var home = await StartAsync();
        home.Twist = (_, _) => throw RpcFailures.ToException(new Refusal(failure, "us1.internal", "as it is"));

        var run = await ResolveAsync(Web);

        run.Fails(ExitCode.Unreachable, advice);
        Assert.Contains("us1.internal: as it is", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("home.endpoints", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Resolve_AnchorsWithOtherKeys_TransportKeyMismatch()
    {
        await using var home = await StartAsync(foreignKeys: true);

        (await ResolveAsync(Web)).Fails(ExitCode.Refused, "TransportKeyMismatch");
        Assert.Equal(0, home.Asked);
    }

    [Fact]
    public async Task Resolve_NobodyThere_IsUnreachable()
    {
        await using (await StartAsync())
        {
        }

        var run = await ResolveAsync(Web);

        run.Fails(ExitCode.Unreachable, "127.0.0.1:");
        Assert.Contains("home.endpoints in", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Resolve_SavedAnswer_VerifiesInAnotherRun()
    {
        await using var home = await StartAsync();
        var run = (await ResolveAsync(Web, "--output", "json", "--save", _folder["a.json"])).Succeeds();

        var verified = (await Fairlead.RunAsync(
            "verify", _folder["a.json"], "--genesis", home.Segment.Genesis.ToString(), "--output", "json")).Succeeds();

        var (first, second) = (JsonNode.Parse(run.Output)!, JsonNode.Parse(verified.Output)!);
        Assert.Equal(first["endpoints"]!.ToJsonString(), second["endpoints"]!.ToJsonString());
        Assert.Equal((string?)first["record"]!["digest"], (string?)second["record"]!["digest"]);
    }

    /// <summary>An anchor that answers and then shows no older epochs costs nothing while another shows them; where
    /// none does, the answer is shown and the file is not written.</summary>
    [Fact]
    public async Task Resolve_SavedAnswerWhoseChainIsWithheld_IsAskedElsewhereAndTheAnswerIsNotLost()
    {
        await using var home = await StartAsync();
        for (var i = 0; i < 3; i++)
        {
            home.Segment.Next(home.Now - 30_000 + i);
        }

        home.Segment.SealAt(home.Now - 500);
        home.Twist = static (_, answer) => answer with
        {
            Hops = [answer.Hops[0] with { Epochs = answer.Hops[0].Epochs[^1..] }],
        };
        home.Withholds = index => index == 0 && home.Asked > 0;
        (await ResolveAsync(Web, "--save", _folder["a.json"])).Succeeds();
        (await Fairlead.RunAsync(
            "verify", _folder["a.json"], "--genesis", home.Segment.Genesis.ToString())).Succeeds();

        var asked = home.Asked;
        home.Withholds = _ => home.Asked > asked;
        var run = await ResolveAsync(Web, "--save", _folder["again.json"]);
        run.Fails(ExitCode.Unreachable, "withheld");
        Assert.StartsWith("10.0.0.1:8080 region eu\n", run.Output, StringComparison.Ordinal);
        Assert.False(File.Exists(_folder["again.json"]));
    }

    [Fact]
    public async Task Resolve_WithState_RefusesAnOlderSealLater()
    {
        await using var home = await StartAsync();
        var old = home.Segment.SealEnvelope;
        home.Segment.SealAt(home.Now - 500);
        (await ResolveAsync(Web, "--state", _folder["state"])).Succeeds();
        home.Twist = (_, answer) => answer with { Hops = [answer.Hops[0] with { Seal = old }] };

        (await ResolveAsync(Web, "--state", _folder["state"])).Fails(ExitCode.Refused, "SealRollback");
    }

    [Theory]
    [InlineData("damaged")]
    [InlineData("")]
    public async Task Resolve_DamagedState_IsNotUsed(string content)
    {
        await using var home = await StartAsync();
        Directory.CreateDirectory(_folder["state"]);
        _folder.Write("state/verifier.state", content);

        (await ResolveAsync(Web, "--state", _folder["state"])).Fails(ExitCode.Usage, "--state");
        Assert.Equal(0, home.Asked);
    }

    [Fact]
    public async Task Resolve_StateFolderIsAFile_StateNotDurable()
    {
        await using var home = await StartAsync();
        _folder.Write("state", "");

        (await ResolveAsync(Web, "--state", _folder["state"])).Fails(ExitCode.Usage, "StateNotDurable");
    }

    [Theory]
    [InlineData("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx.shop.svc.us1.internal")]
    [InlineData("A.shop.svc.us1.internal")]
    [InlineData("../x")]
    [InlineData("us1.internal")]
    public async Task Resolve_BadName_ExitsWithUsage(string name)
    {
        await using var home = await StartAsync();

        (await ResolveAsync(name)).Fails(ExitCode.Usage, "BadName");
        Assert.Equal(0, home.Asked);
    }

    [Theory]
    [InlineData(0x1A4, "PEM", "mode 0644")]
    [InlineData(0x180, "not a key", "not PKCS#8")]
    [InlineData(-1, "", "does not exist")]
    public async Task Resolve_BadKeyFile_NamesTheRemedy(int mode, string content, string part)
    {
        await using var home = await StartAsync();
        File.Delete(_folder["pod.pem"]);
        if (mode >= 0)
        {
            _folder.Write("pod.pem", content, (UnixFileMode)mode);
        }

        (await ResolveAsync(Web)).Fails(ExitCode.Usage, part);
        Assert.Equal(0, home.Asked);
    }

    [Theory]
    [InlineData("pod.pem")]
    [InlineData("b.json")]
    public async Task Resolve_FileThatIsAPipe_IsNamed(string name)
    {
        await using var home = await StartAsync();
        File.Delete(_folder[name]);
        OddFiles.Pipe(Path.GetDirectoryName(_folder[name])!, name);

        var run = await Task.Run(() => ResolveAsync(Web)).WaitAsync(
            TimeSpan.FromMinutes(5), TestContext.Current.CancellationToken);

        run.Fails(ExitCode.Usage, $"{_folder[name]}: it is a pipe, not a regular file");
    }

    /// <summary>By what its pod has: no key on file with the home is needed.</summary>
    [Theory]
    [InlineData("resolve")]
    [InlineData("trace")]
    [InlineData("explain")]
    public async Task Ask_WithAToken_ShowsIt_AndKeepsAKeyOfItsOwnBesideTheState(string verb)
    {
        await using var home = await StartAsync();
        using var maker = new TokenMaker();
        var token = maker.Sign(TokenMaker.Claims(TimeProvider.System.GetUtcNow()));
        string[] line =
        [
            verb, Web, "--bootstrap", _folder["b.json"], "--token", _folder.Write("token", token),
            "--state", _folder["state"],
        ];
        (await Fairlead.RunAsync(line)).Succeeds();
        (await Fairlead.RunAsync(line)).Succeeds();
        using var own = KeyFile.LoadSigner(_folder["state/pod.key"]);
        Assert.InRange(home.Proofs.Count, 2, 6);
        Assert.All(home.Proofs, proof => Assert.Equal(
            ($"Bearer {token}", own.Key.Text), (proof.Token, TextOf(proof.Key))));
    }

    [Fact]
    public async Task Ask_WithAnSvid_ShowsItsCertificate()
    {
        await using var home = await StartAsync();
        var authority = new CertificateAuthority("eu1.example", TimeProvider.System.GetUtcNow());
        using var folder = new SvidFolder();
        using var svid = authority.Sign(["spiffe://eu1.example/ns/shop/sa/frontend"]);
        folder.Write(svid, authority);
        (await Fairlead.RunAsync(
            "resolve", Web, "--bootstrap", _folder["b.json"], "--spiffe-certificate", folder.Paths.Certificate,
            "--spiffe-key", folder.Paths.Key)).Succeeds();
        Assert.True(PublicKey.TryFromPoint(svid.PublicKey.EncodedKeyValue.RawData, out var key, out _));
        Assert.All(home.Proofs, proof => Assert.Equal((null, key.Text), (proof.Token, TextOf(proof.Key))));
        Assert.NotEmpty(home.Proofs);
    }

    [Theory]
    [InlineData("", "give one of --key")]
    [InlineData("--key k --token t", "give one of --key")]
    [InlineData("--spiffe-certificate c", "with --spiffe-key")]
    [InlineData("--key k --spiffe-key c", "with --spiffe-key")]
    [InlineData("--token b.json", "--token: token file")]
    [InlineData("--spiffe-certificate c --spiffe-key k", "--spiffe-certificate c: ")]
    public async Task Ask_WithNoProofThatCanBeUsed_IsUsage(string proof, string part)
    {
        await using var home = await StartAsync();
        var arguments = proof.Replace("b.json", _folder["b.json"], StringComparison.Ordinal)
            .Split(' ', StringSplitOptions.RemoveEmptyEntries);
        (await Fairlead.RunAsync(["resolve", Web, "--bootstrap", _folder["b.json"], .. arguments]))
            .Fails(ExitCode.Usage, part);
        Assert.Equal(0, home.Asked);
    }

    private static string? TextOf(byte[]? point) =>
        PublicKey.TryFromPoint(point, out var key, out _) ? key.Text : null;

    [Fact]
    public async Task Resolve_BadBootstrap_NamesTheFile()
    {
        await using var home = await StartAsync();
        _folder.Write("b.json", "{}");

        (await ResolveAsync(Web)).Fails(ExitCode.Usage, "b.json");
    }

    private static UnverifiedAnswer Changed(UnverifiedAnswer answer)
    {
        var hop = answer.Hops[0];
        var at = hop.Proofs.ToList().FindIndex(proof => proof.Class == (uint)LeafClass.Record);
        var text = System.Text.Encoding.ASCII.GetString(hop.Proofs[at].Leaf.Span)
            .Replace("\"ttl_max\":6", "\"ttl_max\":7", StringComparison.Ordinal);
        var lie = hop.Proofs[at] with { Leaf = System.Text.Encoding.ASCII.GetBytes(text) };
        return answer with { Hops = [hop with { Proofs = hop.Proofs.SetItem(at, lie) }] };
    }

    private async Task<FakeHome> StartAsync(bool foreignKeys = false)
    {
        var home = await FakeHome.StartAsync(TestContext.Current.CancellationToken, foreignKeys);
        using var pod = new EcdsaSigner(KeyFile.Create(_folder["pod.pem"]));
        await File.WriteAllBytesAsync(
            _folder["b.json"], home.Bootstrap(pod.Key).Encode(), TestContext.Current.CancellationToken);
        return home;
    }

    private Task<Fairlead> ResolveAsync(string name, params string[] more) =>
        Fairlead.RunAsync([.. Line(name, "resolve"), .. more]);

    private string[] Line(string name, string verb) =>
        [verb, name, "--bootstrap", _folder["b.json"], "--key", _folder["pod.pem"]];
}
