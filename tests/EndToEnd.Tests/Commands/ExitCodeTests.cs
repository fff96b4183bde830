using System.Text.Json.Nodes;
using Fairlead.EndToEnd.Tests.Demo;
using Fairlead.Naming.Traversal;
using Fairlead.TestKit.Answers;
using Xunit;

namespace Fairlead.EndToEnd.Tests.Commands;

/// <summary>The exit codes of the real program, each reached by what it stands for.</summary>
public sealed class ExitCodeTests(KeptDemo kept) : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Resolve_Answer_EndsWith0()
    {
        var demo = await kept.GetAsync();

        var run = (await demo.FairleadAsync("resolve", DemoEnvironment.Checkout)).Ends(0);

        Assert.Contains("; ttl ", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Verify_OutputFull_EndsWith1()
    {
        var line = Programs.Line("Cli", "verify", Save(world => world.Answer()), "--genesis", Genesis, "--at", Moment);

        var run = await Programs.RunAsync(["bash", "-c", "exec \"$@\" > /dev/full", "bash", .. line]);

        Assert.Contains("fairlead: internal error: ", run.Ends(1).Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("resolve", "is required")]
    [InlineData("fly", "fly")]
    [InlineData("verify f --genesis 12", "--genesis: not 64 lower-case hexadecimal digits")]
    [InlineData("resolve a.b.svc.c --bootstrap none.json --key none.pem", "none.json")]
    public async Task Run_WrongLineOrFile_EndsWith2(string line, string part) =>
        (await Programs.FairleadAsync(line.Split(' '))).Fails(2, part);

    [Theory]
    [InlineData("nobody.shop.svc.us1.internal")]
    [InlineData("ledger.shop.svc.us1.internal")]
    public async Task Resolve_Absent_EndsWith3(string name)
    {
        var demo = await kept.GetAsync();

        var run = (await demo.FairleadAsync("resolve", name, "--output", "json", "--save", _folder["absent"])).Ends(3);

        Assert.Equal("absent", (string?)run.Json["outcome"]);
        var moment = $"{run.Json["verified_at"]}";
        (await Programs.FairleadAsync("verify", _folder["absent"], "--genesis", demo["GENESIS_EU1"], "--at", moment))
            .Ends(3);
    }

    [Fact]
    public async Task Verify_Denial_EndsWith4()
    {
        var run = await VerifyAsync(Save(world => world.Ask().Denied()), "--output", "json");

        Assert.Equal("denied", (string?)run.Ends(4).Json["outcome"]);
    }

    [Fact]
    public async Task Verify_AnotherGenesis_EndsWith5()
    {
        var demo = await kept.GetAsync();
        (await demo.FairleadAsync("resolve", DemoEnvironment.Checkout, "--save", _folder["a"])).Ends(0);

        (await Programs.FairleadAsync("verify", _folder["a"], "--genesis", new string('0', 64)))
            .Fails(5, "QueryMismatch");
    }

    [Fact]
    public async Task Resolve_FloorAhead_EndsWith5()
    {
        var demo = await kept.GetAsync();
        var bootstrap = JsonNode.Parse(await File.ReadAllTextAsync(demo["BOOTSTRAP_FILE"], Cancellation))!;
        bootstrap["home"]!["floor"]!["epoch"] = 99;
        var file = _folder.Write("bootstrap.json", bootstrap.ToJsonString());

        var run = await Programs.FairleadAsync(
            "resolve", DemoEnvironment.Checkout, "--bootstrap", file, "--key", demo["KEY_FILE"], "--output", "json");

        run.Fails(5, "no answer for " + DemoEnvironment.Checkout, "127.0.0.1:");
        Assert.Equal("refused", (string?)run.Json["outcome"]);
    }

    [Fact]
    public async Task Resolve_NobodyThere_EndsWith6()
    {
        var demo = await kept.GetAsync();
        var bootstrap = JsonNode.Parse(await File.ReadAllTextAsync(demo["BOOTSTRAP_FILE"], Cancellation))!;
        bootstrap["home"]!["endpoints"] = new JsonArray("127.0.0.1:9");
        var file = _folder.Write("bootstrap.json", bootstrap.ToJsonString());

        (await Programs.FairleadAsync(
            "resolve", DemoEnvironment.Checkout, "--bootstrap", file, "--key", demo["KEY_FILE"]))
            .Fails(6, "127.0.0.1:9");
    }

    [Fact]
    public async Task Verify_AfterItsTime_EndsWith6() =>
        (await Programs.FairleadAsync("verify", Save(world => world.Answer()), "--genesis", Genesis, "--at", Later))
            .Fails(6, "SealExpired");

    private PeerWorld World { get; } = new();

    private string Genesis => World.Eu1.Genesis.ToString();

    private string Moment => $"{World.Now}";

    private string Later => $"{World.Now + 60_000}";

    private string Save(Func<PeerWorld, UnverifiedAnswer> say)
    {
        var raw = say(World);
        var verdict = Assert.IsType<Verdict.Accepted>(
            AnswerVerifier.Verify(World.State, World.Ask().Query, raw, World.Now));
        var saved = SavedAnswer.Of(verdict.Answer, raw, raw.Hops.ToDictionary(hop => hop.Genesis, hop => hop.Epochs));
        File.WriteAllBytes(_folder["saved"], SavedAnswerFile.Write(saved));
        return _folder["saved"];
    }

    private Task<ProgramRun> VerifyAsync(string file, params string[] more) =>
        Programs.FairleadAsync(["verify", file, "--genesis", Genesis, "--at", Moment, .. more]);
}
