using System.Text.Json.Nodes;
using Fairlead.Cli.Ceremony;
using Fairlead.Cli.Operating;
using Fairlead.Cli.Tests.Commands;
using Fairlead.Naming;
using Fairlead.TestKit;
using Fairlead.TestKit.Processes;
using Xunit;
using Run = Fairlead.Cli.Tests.Commands.Fairlead;

namespace Fairlead.Cli.Tests.Operating;

/// <summary>The operator's commands at a socket: what they show, what they send, and how they end.</summary>
public sealed class OperatorCommandTests : IAsyncLifetime
{
    private static readonly string Neighbour = new('7', 64);

    private readonly TemporaryFolder _folder = new();
    private readonly TestSegment _segment = new(new TestSegmentOptions
    {
        Name = "us1.internal",
        Issued = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() - 60_000,
    });

    private FakeOperator? _anchor;

    private string Socket => _anchor!.Socket;

    public async ValueTask InitializeAsync() => _anchor = await FakeOperator.StartAsync(
        _folder["operator.sock"], _segment, TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _anchor!.DisposeAsync();
        _folder.Dispose();
    }

    /// <summary>Who adds one Scope has to write the others too, and can read them.</summary>
    [Fact]
    public async Task Policy_IsWrittenAsAFileThatProposesIt()
    {
        var shown = (await RunAsync("policy")).Succeeds().Output;
        Assert.StartsWith("# us1.internal, epoch 0\npolicy:\n", shown, StringComparison.Ordinal);
        (await RunAsync("propose", "policy", Write(shown))).Fails(ExitCode.Usage, "changes nothing");
        var more = shown.Replace("scopes: []", $$"""
            scopes:
            - {segment: "{{Neighbour}}", cidrs: [10.20.0.0/16], domains: [eu1.example]}
            """, StringComparison.Ordinal).Replace("max_ttl: 300000", "max_ttl: 60000", StringComparison.Ordinal);
        var dry = (await RunAsync("propose", "policy", Write(more), "--dry-run")).Succeeds().Output;
        Assert.Contains($"+ scope {Neighbour} ", dry, StringComparison.Ordinal);
        Assert.Contains("~ policy.max_ttl 300000 -> 60000", dry, StringComparison.Ordinal);
        Assert.DoesNotContain("rule", dry, StringComparison.Ordinal);
    }

    [Fact]
    public void Policy_OfAllThatARuleAndAScopeCanSay_ReadsBack()
    {
        var epoch = _segment.Newest.Value with
        {
            Domains = ["us1.example"],
            Policy = _segment.Newest.Value.Policy with { Refuse = ["crash"], Auto = ["join"], RequireScope = 1 },
        };
        var rule = new Rule
        {
            Constraints = new Constraints { MaxTtl = 7, Regions = ["eu-*"] }, Effect = RuleEffect.Deny, Id = "a: b",
            Made = 0, Names = [NamePattern.Parse("*.shop.svc")], Opening = default,
            Subjects = [new RuleSubject { Account = "web", Namespace = "shop", Segment = "*" }],
        };
        var scope = new Scope
        {
            Cidrs = ["10.20.0.0/16"], Domains = ["eu1.example"], Made = 0, Networks = ["vpc-2"], Opening = default,
            Segment = Digest.Parse(Neighbour),
        };
        var read = PolicyFile.Read(
            Write(PolicyInForce.Write(epoch, [rule], [scope])), _segment.Newest.Value.Policy);
        Assert.Equal(Document.Make(rule).Digest, Document.Make(Assert.Single(read.Rules)).Digest);
        Assert.Equal(Document.Make(scope).Digest, Document.Make(Assert.Single(read.Scopes!.Value)).Digest);
        Assert.Equal(epoch.Domains, read.Domains!.Value);
        Assert.Equal(Document.Make(epoch).Digest, Document.Make(epoch with { Policy = read.Policy! }).Digest);
    }

    /// <summary>Who removes a Rule sees what goes, and the log says what a Rule in force says.</summary>
    [Fact]
    public async Task Rules_AreShownWithTheirContent()
    {
        const string content = "{\"effect\":\"allow\"";
        var dry = (await RunAsync("propose", "policy", Write("remove_rules: [open]"), "--dry-run")).Succeeds().Output;
        Assert.Contains($"- rule open {content}", dry, StringComparison.Ordinal);
        var log = (await RunAsync("log")).Succeeds().Output;
        Assert.Contains($"  + rule open {content}", log, StringComparison.Ordinal);
    }

    /// <summary>Whoever writes a file need not know the order of the canonical form.</summary>
    [Fact]
    public async Task ProposePolicy_TakesListsInAnyOrder()
    {
        var dry = (await RunAsync("propose", "policy", "--dry-run", Write("""
            policy: {refuse: [single-host, crash], auto: [renew, join]}
            rules:
            - {id: x, effect: allow, names: ["*.svc"], subjects: [{segment: "*"}],
               constraints: {regions: [us-west, eu-central]}}
            """))).Succeeds();
        Assert.Contains("[\"crash\",\"single-host\"]", dry.Output, StringComparison.Ordinal);
        Assert.Contains("[\"join\",\"renew\"]", dry.Output, StringComparison.Ordinal);
        Assert.Contains("[\"eu-central\",\"us-west\"]", dry.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ProposePolicy_ShowsDiffAndEffectThenProposes()
    {
        var file = Write($$"""
            policy: {max_ttl: 60000}
            rules:
              - id: no-eu1
                effect: deny
                names: ["b.shop.svc", "*.shop.svc"]
                subjects: [{segment: "{{Neighbour}}", namespace: shop}, {segment: "*"}]
            domains: [us1.internal]
            """);
        var dry = (await RunAsync("propose", "policy", file, "--dry-run")).Succeeds();
        Assert.Contains("~ policy.max_ttl 300000 -> 60000", dry.Output, StringComparison.Ordinal);
        Assert.Contains("+ domains [\"us1.internal\"]", dry.Output, StringComparison.Ordinal);
        Assert.Contains("+ rule no-eu1 {\"effect\":\"deny\"", dry.Output, StringComparison.Ordinal);
        Assert.Contains("decides anew about: *.shop.svc b.shop.svc", dry.Output, StringComparison.Ordinal);
        Assert.Contains("dry run: nothing is proposed", dry.Output, StringComparison.Ordinal);
        Assert.Contains(
            "  added: deny *.shop.svc b.shop.svc (rule no-eu1) for\n", dry.Output, StringComparison.Ordinal);
        Assert.Contains($"    namespace shop of {Neighbour}\n", dry.Output, StringComparison.Ordinal);
        Assert.Contains("    all pods of every segment\n", dry.Output, StringComparison.Ordinal);
        Assert.Contains(
            $"  WARNING: nobody here knows a segment {Neighbour}: ", dry.Output, StringComparison.Ordinal);
        Assert.Empty(_anchor!.Waiting);

        var proposed = JsonNode.Parse(
            (await RunAsync("propose", "policy", file, "--output", "json")).Succeeds().Output)!;
        var (digest, (_, isApproved)) = Assert.Single(_anchor.Waiting);
        Assert.Equal((digest.ToString(), true), ((string?)proposed["digest"], isApproved));
        Assert.Equal(("policy", 1L), ((string?)proposed["op"], (long)proposed["epoch"]!));
    }

    /// <summary>An operator looks at whom a Rule matches, and sees no digest alone.</summary>
    [Fact]
    public async Task ProposePolicy_NamesWhomTheRulesMatch()
    {
        var before = _segment.Leaves.First(leaf => leaf.Class == LeafClass.Rule).Name;
        var file = Write($$"""
            remove_rules: ["{{before}}"]
            rules:
              - id: own
                effect: allow
                names: ["*.svc"]
                subjects: [{segment: "{{_segment.Genesis}}", namespace: shop, account: web}]
            """);
        var dry = (await RunAsync("propose", "policy", file, "--dry-run")).Succeeds().Output;
        Assert.Contains("  added: allow *.svc (rule own) for\n", dry, StringComparison.Ordinal);
        Assert.Contains(
            $"    account web of namespace shop of us1.internal ({_segment.Genesis})\n", dry, StringComparison.Ordinal);
        Assert.Contains($"  removed: allow *.svc (rule {before}) for\n    all pods of every segment\n", dry,
            StringComparison.Ordinal);
        Assert.DoesNotContain("WARNING", dry, StringComparison.Ordinal);

        var rules = JsonNode.Parse((await RunAsync("propose", "policy", file, "--dry-run", "--output", "json"))
            .Succeeds().Output)!["rules"]!.AsArray();
        var subject = rules.Single(rule => (string?)rule!["change"] == "added")!["subjects"]![0]!;
        Assert.Equal(
            ("us1.internal", true, "shop", "web"),
            ((string?)subject["segment_name"], (bool)subject["segment_known"]!, (string?)subject["namespace"],
                (string?)subject["account"]));
    }

    [Theory]
    [InlineData("policies: {}", 2, "`policies` is unknown")]
    [InlineData("policy: {max_ttl: soon}", 2, "`policy.max_ttl` is `soon`")]
    [InlineData("policy: {max_ttl: 99999999999}", 5, "PolicyOutOfRange")]
    [InlineData("policy: {clock_delta: 5000}", 5, "heartbeat + 2 * clock_delta")]
    [InlineData("policy: {require_scope: 2}", 2, "`policy.require_scope` is 2")]
    [InlineData("remove_rules: [nobody]", 2, "there is no rule nobody")]
    [InlineData("rules: [{id: x, effect: maybe, names: [\"*\"]}]", 2, "write allow or deny")]
    [InlineData("rules: [{id: x, effect: deny, names: [\"A.b\"]}]", 2, "policy.yaml:1: ")]
    [InlineData("scopes: [{segment: eu1}]", 2, "give the genesis of the segment")]
    [InlineData("scopes: [{segment: ###, cidrs: [10.0.0.0/8, 10.1.0.0/8]}]", 2, "no bit set behind the prefix")]
    [InlineData("scopes: [{segment: ###, cidrs: [10.0.0.0]}]", 2, "address/prefix")]
    [InlineData(
        "rules: [{id: x, effect: deny, names: ['*.svc'], subjects: [{segment: eu1.acme.internal}]}]", 2,
        "the genesis of a segment")]
    [InlineData("domains: []", 2, "changes nothing")]
    [InlineData("rules: [{id: \"büro\", effect: allow, names: [\"*.svc\"]}]", 2, "policy.yaml:1:")]
    [InlineData("rules: [{id: 'a\"b', effect: allow, names: [\"*.svc\"]}]", 2, "policy.yaml:1:")]
    [InlineData("domains: ['a\\b']", 2, "policy.yaml:1:")]
    [InlineData("policy: {refuse: [crash, crash]}", 2, "policy.yaml:1:")]
    [InlineData("policy: {refuse: [single_admin]}", 2, "`single_admin` is unknown")]
    [InlineData("policy: {auto: [rotate]}", 2, "`rotate` is unknown; write some of credential, join, peer")]
    [InlineData(
        "rules:\n- {id: x, effect: deny, names: ['*.svc']}\n- {id: x, effect: allow, names: ['*.svc']}",
        2, "`x` stands twice")]
    [InlineData("remove_rules: [x]\nrules: [{id: x, effect: deny, names: ['*.svc']}]", 2, "`x` stands twice")]
    [InlineData("scopes:\n- {segment: ###}\n- {segment: ###, domains: [a.example]}", 2, "policy.yaml:3:")]
    [InlineData("domains: [spiffe://a.example]", 2, "write a trust domain")]
    [InlineData("scopes:\n- segment: ###\n  domains: [A.example]", 2, "policy.yaml:3:")]
    [InlineData("[", 2, "policy.yaml:")]
    public async Task ProposePolicy_FileThatIsWrong_EndsWithTheReasonAndProposesNothing(
        string text, int exitCode, string message)
    {
        (await RunAsync("propose", "policy", Write(text.Replace("###", Neighbour, StringComparison.Ordinal))))
            .Fails(exitCode, message);
        Assert.Empty(_anchor!.Waiting);
    }

    [Theory]
    [InlineData("policy")]
    [InlineData("peer")]
    [InlineData("join", "--child")]
    [InlineData("join", "--parent")]
    public async Task Propose_FileThatIsAPipe_IsNamed(params string[] what)
    {
        var pipe = OddFiles.Pipe(Path.GetDirectoryName(_folder["x"])!);
        var run = await Task.Run(() => RunAsync(["propose", .. what, pipe])).WaitAsync(
            TimeSpan.FromMinutes(5), TestContext.Current.CancellationToken);
        run.Fails(2, pipe).Fails(2, "it is a pipe, not a regular file");
    }

    [Fact]
    public async Task ProposeOthers_BuildTheOperationOfTheirName()
    {
        var other = new TestSegment(new TestSegmentOptions { Name = "eu1.internal", FirstKey = 100 });
        var child = new TestSegment(new TestSegmentOptions { Name = "west.us1.internal", FirstKey = 300 });
        var parent = new TestSegment(new TestSegmentOptions { Name = "internal", FirstKey = 500 });
        var key = TestKeys.Signer(700).Key;
        (string[] Arguments, string Op, string Line)[] operations =
        [
            (["peer", PeerOf(other)], "peer", "added: Peer eu1.internal to"),
            (["join", "--child", PeerOf(child)], "join", "added: Link west to"),
            (["join", "--parent", PeerOf(parent)], "join", "added: uplink us1 to"),
            (["credential", "--issue", key.Text, "--name", "*.pay.svc"], "credential", $"+ credential {key.Kid}"),
            (["credential", "--revoke", _segment.Publisher.Key.Kid.ToString()], "credential", "- credential"),
            (["renew"], "renew", "epoch 1: renew"),
        ];
        foreach (var (arguments, op, line) in operations)
        {
            var run = (await RunAsync(["propose", .. arguments])).Succeeds();
            Assert.Contains($"epoch 1: {op}", run.Output, StringComparison.Ordinal);
            Assert.Contains(line, run.Output, StringComparison.Ordinal);
        }

        Assert.Equal(operations.Length, _anchor!.Waiting.Count);
    }

    /// <summary>A Credential is renewed by its key file, and stays what it was but for its end.</summary>
    [Fact]
    public async Task ProposeCredential_OfAKeyThatHasOne_KeepsWhatIsNotSaid()
    {
        var held = Assert.Single(_segment.Leaves.Select(leaf => leaf.Document).OfType<Credential>());
        var file = _folder.Write("publisher.pem", KeyPem.Format(TestKeys.Ecdsa(190)));
        (await RunAsync("propose", "credential", "--issue", file, "--days", "200")).Succeeds();
        var renewed = Issued();
        Assert.Equal(
            (held.Key, held.MaxTtl, string.Join(' ', held.Names), string.Join(' ', held.Types)),
            (renewed.Key, renewed.MaxTtl, string.Join(' ', renewed.Names), string.Join(' ', renewed.Types)));
        Assert.True(renewed.Expires > held.Expires);

        (await RunAsync("propose", "credential", "--issue", held.Key.Text, "--type", "set", "--max-ttl", "7"))
            .Succeeds();
        var changed = Issued();
        Assert.Equal(
            (7, string.Join(' ', held.Names), PublishedType.Set),
            (changed.MaxTtl, string.Join(' ', changed.Names), Assert.Single(changed.Types)));

        Credential Issued() => _anchor!.Waiting.Values.Last().Proposal.Leaves
            .Select(leaf =>
                ParsedLeaf.TryParse(leaf.Class, leaf.Payload, out var parsed, out _) ? parsed.Document : null)
            .OfType<Credential>().Single();
    }

    /// <summary>What a way is taken with: how long its answers may be kept, and what a peer may name.</summary>
    [Fact]
    public async Task ProposePeerAndJoin_TakeTermsAndScope()
    {
        var other = new TestSegment(new TestSegmentOptions { Name = "eu1.internal", FirstKey = 100 });
        var child = new TestSegment(new TestSegmentOptions { Name = "west.us1.internal", FirstKey = 300 });
        var parent = new TestSegment(new TestSegmentOptions { Name = "internal", FirstKey = 500 });
        var scope = Write("cidrs: [10.20.0.0/16]\ndomains: [eu1.example]\nnetworks: [vpc-2]");
        var dry = (await RunAsync(
            "propose", "peer", PeerOf(other), "--max-ttl", "30000", "--scope", scope, "--dry-run")).Succeeds();
        Assert.Contains("\"terms\":{\"max_ttl\":30000}", dry.Output, StringComparison.Ordinal);
        Assert.Contains(
            "{\"cidrs\":[\"10.20.0.0/16\"],\"domains\":[\"eu1.example\"]", dry.Output, StringComparison.Ordinal);
        Assert.Contains($"\"segment\":\"{other.Genesis}\"", dry.Output, StringComparison.Ordinal);
        dry = (await RunAsync("propose", "join", "--child", PeerOf(child), "--max-ttl", "1", "--dry-run")).Succeeds();
        Assert.Contains("\"terms\":{\"max_ttl\":1}", dry.Output, StringComparison.Ordinal);

        (await RunAsync("propose", "peer", PeerOf(other), "--max-ttl", "0")).Fails(ExitCode.Usage, "1 or more");
        (await RunAsync("propose", "join", "--parent", PeerOf(parent), "--max-ttl", "1"))
            .Fails(ExitCode.Usage, "goes with --child");
        (await RunAsync("propose", "peer", PeerOf(other), "--scope", Write("cidrs: [10.20.0.0/8]")))
            .Fails(ExitCode.Usage, "policy.yaml:1:");
        (await RunAsync("propose", "peer", PeerOf(other), "--scope", Write("segment: x")))
            .Fails(ExitCode.Usage, "`segment` is unknown");
        Assert.Empty(_anchor!.Waiting);
    }

    [Fact]
    public async Task Propose_WhatCannotBe_IsUsage()
    {
        var other = new TestSegment(new TestSegmentOptions { Name = "eu1.internal", FirstKey = 100 });
        (await RunAsync("propose", "join")).Fails(ExitCode.Usage, "give --child");
        (await RunAsync("propose", "join", "--child", PeerOf(other))).Fails(ExitCode.Usage, "is no child of");
        (await RunAsync("propose", "join", "--parent", PeerOf(other))).Fails(ExitCode.Usage, "is not the parent of");
        (await RunAsync("propose", "credential")).Fails(ExitCode.Usage, "give --issue or --revoke");
        (await RunAsync("propose", "credential", "--issue", "p256:x", "--name", "*")).Fails(ExitCode.Usage, "BadKey");
        (await RunAsync("propose", "credential", "--issue", _folder["none.pem"], "--name", "*"))
            .Fails(ExitCode.Usage, "it does not exist");
        (await RunAsync("propose", "credential", "--issue", TestKeys.Key(901).Text))
            .Fails(ExitCode.Usage, "wants --name");
        (await RunAsync("propose", "credential", "--issue", TestKeys.Key(901).Text, "--name", "*", "--max-ttl", "-1"))
            .Fails(ExitCode.Usage, "--max-ttl -1: 1 to 3600000 ms");
        (await RunAsync("propose", "credential", "--revoke", "x")).Fails(ExitCode.Usage, "64 lower-hex digits");
        (await RunAsync("propose", "peer", _folder["none.json"])).Fails(ExitCode.Usage, "does not exist");
        (await RunAsync("approve", "zz")).Fails(ExitCode.Usage, "is no digest");
        (await RunAsync("approve", new string('a', 64))).Fails(ExitCode.Usage, "no operation");
        (await RunAsync("log", "--from", "-1")).Fails(ExitCode.Usage, "numbered from 0");
        Assert.Empty(_anchor!.Waiting);
    }

    [Fact]
    public async Task ProposalsApproveLog_ShowAndDecide()
    {
        var file = Write("rules: [{id: no-eu1, effect: deny, names: [\"*.svc\"], subjects: [{segment: \"*\"}]}]");
        (await RunAsync("propose", "policy", file)).Succeeds();
        var digest = Assert.Single(_anchor!.Waiting).Key.ToString();
        var shown = (await RunAsync("proposals")).Succeeds();
        Assert.Contains($"digest {digest}", shown.Output, StringComparison.Ordinal);
        Assert.Contains("from us1-a, approved here; 1 of 3 would decide", shown.Output, StringComparison.Ordinal);
        var listed = JsonNode.Parse((await RunAsync("proposals", "--output", "json")).Succeeds().Output)!;
        Assert.Equal(digest, (string?)listed["proposals"]![0]!["digest"]);

        var approved = (await RunAsync("approve", digest[..8])).Succeeds();
        Assert.Contains("approved; 3 anchors have to", approved.Output, StringComparison.Ordinal);

        var log = (await RunAsync("log")).Succeeds();
        Assert.Contains("epoch 0 genesis ", log.Output, StringComparison.Ordinal);
        Assert.Contains("  + rule open", log.Output, StringComparison.Ordinal);
        Assert.Contains("newest 0, sealed", log.Output, StringComparison.Ordinal);
        var json = JsonNode.Parse((await RunAsync("log", "--output", "json")).Succeeds().Output)!;
        Assert.Equal(_segment.Genesis.ToString(), (string?)json["epochs"]![0]!["digest"]);
    }

    /// <summary>Numbers and trust domains are in no leaf.</summary>
    [Fact]
    public async Task Log_TellsWhatAnEpochChanged_BesideItsLeaves()
    {
        _segment.Advance("policy", epoch => epoch with
        {
            Domains = ["us1.example"], Policy = epoch.Policy with { MaxTtl = 60_000 },
        });
        var log = (await RunAsync("log")).Succeeds();
        Assert.Contains("  ~ policy.max_ttl 300000 -> 60000\n", log.Output, StringComparison.Ordinal);
        Assert.Contains("  + domains [\"us1.example\"]\n", log.Output, StringComparison.Ordinal);
        Assert.Contains("epoch 0 genesis ", log.Output, StringComparison.Ordinal);

        var json = JsonNode.Parse((await RunAsync("log", "--from", "1", "--output", "json")).Succeeds().Output)!;
        var epoch = Assert.Single(json["epochs"]!.AsArray())!;
        Assert.Contains("~ policy.max_ttl 300000 -> 60000", epoch["changes"]!.AsArray().Select(one => (string?)one));
    }

    /// <summary>The only way to another length of an epoch's life: shown before it is proposed, and afterwards.
    /// </summary>
    [Fact]
    public async Task ProposeRenew_TakesALife_AndShowsIt()
    {
        const string line = "~ life 604800000 ms -> 1209600000 ms";
        var dry = (await RunAsync("propose", "renew", "--life", "336h", "--dry-run")).Succeeds();
        Assert.Contains($"  {line}\n", dry.Output, StringComparison.Ordinal);
        Assert.Empty(_anchor!.Waiting);

        var proposed = JsonNode.Parse(
            (await RunAsync("propose", "renew", "--life", "336h", "--output", "json")).Succeeds().Output)!;
        Assert.Equal(("renew", "life"), ((string?)proposed["op"], (string?)Assert.Single(
            proposed["members"]!.AsArray())));
        Assert.Equal(14 * Limits.Day, Assert.Single(_anchor.Waiting).Value.Proposal switch
        {
            var one when Document.TryParse<Epoch>(one.Epoch, out var epoch, out _) =>
                epoch.Value.Expires - epoch.Value.Issued,
            _ => 0,
        });
        Assert.Contains(line, (await RunAsync("proposals")).Succeeds().Output, StringComparison.Ordinal);
        (await RunAsync("propose", "renew", "--life", "336h")).Fails(ExitCode.Usage, "the same waits already");

        _segment.Advance("renew", epoch => epoch with { Expires = epoch.Issued + (14 * Limits.Day) });
        Assert.Contains($"  {line}\n", (await RunAsync("log")).Succeeds().Output, StringComparison.Ordinal);
    }

    /// <summary>Within the caps, whoever asks.</summary>
    [Theory]
    [InlineData("721h", 5, "PolicyOutOfRange")]
    [InlineData("59m59s999ms", 5, "PolicyOutOfRange")]
    [InlineData("0", 5, "PolicyOutOfRange")]
    [InlineData("60 days", 2, "write a duration, such as 336h")]
    public async Task ProposeRenew_OfALifeThatMayNotBe_EndsWithTheReason(string life, int exitCode, string message)
    {
        (await RunAsync("propose", "renew", "--life", life)).Fails(exitCode, message);
        Assert.Empty(_anchor!.Waiting);
    }

    [Fact]
    public async Task Propose_WhatWaitsAlready_IsRefused()
    {
        var file = Write("remove_rules: [open]");
        (await RunAsync("propose", "policy", file)).Succeeds();
        var digest = Assert.Single(_anchor!.Waiting).Key;
        (await RunAsync("propose", "policy", file))
            .Fails(ExitCode.Usage, $"the same waits already: fairlead approve {digest}");
        Assert.Single(_anchor.Waiting);
        (await RunAsync("propose", "policy", file, "--dry-run")).Succeeds();
    }

    /// <summary>Of a Credential that waits another one has another end, and yet it is the same for as long; what cannot
    /// be read stands in nobody's way.</summary>
    [Fact]
    public async Task Propose_ACredentialThatWaitsAlready_IsRefused_BesideWhatCannotBeRead()
    {
        string[] issue = ["propose", "credential", "--issue", TestKeys.Key(901).Text, "--name", "*.pay.svc"];
        (await RunAsync(issue)).Succeeds();
        var digest = Assert.Single(_anchor!.Waiting).Key;
        (await RunAsync(issue)).Fails(ExitCode.Usage, $"the same waits already: fairlead approve {digest}");
        _anchor.Unreadable.Add(default);
        (await RunAsync([.. issue, "--days", "7"])).Succeeds();
        Assert.Equal(2, _anchor.Waiting.Count);
    }

    [Fact]
    public async Task Proposals_OfMoreThanAMessageHolds_AreAllShownAndEachIsFound()
    {
        foreach (var rule in new[] { "one", "two", "three" })
        {
            (await RunAsync("propose", "policy", Write(
                $"rules: [{{id: {rule}, effect: deny, names: [\"*.svc\"], subjects: [{{segment: \"*\"}}]}}]")))
                .Succeeds();
        }

        var shown = JsonNode.Parse((await RunAsync("proposals", "--output", "json")).Succeeds().Output)!;
        Assert.Equal(
            _anchor!.Waiting.Keys.Select(digest => digest.ToString()),
            shown["proposals"]!.AsArray().Select(one => (string?)one!["digest"]));
        (await RunAsync("approve", _anchor.Waiting.Keys.Last().ToString())).Succeeds();
    }

    [Fact]
    public async Task Withdraw_TakesBackWhatNobodyVotedFor()
    {
        (await RunAsync("propose", "renew")).Succeeds();
        var digest = Assert.Single(_anchor!.Waiting).Key;
        _anchor.Bound.Add(digest);
        (await RunAsync("withdraw", digest.ToString())).Fails(ExitCode.Refused, "us1-a voted for it already");
        Assert.Single(_anchor.Waiting);

        _anchor.Bound.Clear();
        var taken = (await RunAsync("withdraw", digest.ToString()[..8])).Succeeds();
        Assert.Contains(
            "the proposal is taken back; the other anchors are told", taken.Output, StringComparison.Ordinal);
        Assert.Empty(_anchor.Waiting);
        (await RunAsync("withdraw", digest.ToString())).Fails(ExitCode.Usage, "no operation");
        (await RunAsync("withdraw", "zz")).Fails(ExitCode.Usage, "is no digest");
    }

    [Fact]
    public async Task Socket_ThatIsNotThere_IsUnreachable()
    {
        (await Run.RunAsync("proposals", "--socket", _folder["no.sock"]))
            .Fails(ExitCode.Unreachable, "no such socket");
        await File.WriteAllTextAsync(_folder["file.sock"], "", TestContext.Current.CancellationToken);
        (await Run.RunAsync("log", "--socket", _folder["file.sock"]))
            .Fails(ExitCode.Unreachable, "is the anchor running");
        (await Run.RunAsync("log")).Fails(ExitCode.Usage, "--socket");
    }

    private Task<Run> RunAsync(params string[] arguments) =>
        Run.RunAsync([.. arguments, "--socket", Socket]);

    private string Write(string text)
    {
        File.WriteAllText(_folder["policy.yaml"], text);
        return _folder["policy.yaml"];
    }

    private string PeerOf(TestSegment segment)
    {
        var path = _folder[$"{segment.Name.Label}.peer.json"];
        File.WriteAllBytes(path, PeerFile.Of(segment.Name, segment.Genesis, segment.Newest).Encode());
        return path;
    }
}
