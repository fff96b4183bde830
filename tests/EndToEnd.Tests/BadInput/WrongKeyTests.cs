using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Fairlead.EndToEnd.Tests.Demo;
using Fairlead.TestKit.Processes;
using Xunit;

namespace Fairlead.EndToEnd.Tests.BadInput;

/// <summary>Keys that are good in themselves, and not the ones that running anchors know.</summary>
public sealed class WrongKeyTests(KeptDemo kept)
{
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(5);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Controller_KeyWithoutCredential_NamesTheFileAndTheRemedy()
    {
        var demo = await kept.GetAsync();
        using var folder = new TemporaryFolder();
        (await Programs.FairleadAsync("key", "new", "--out", folder["other.pem"])).Ends(0);
        var lines = (await File.ReadAllLinesAsync(
            Path.Combine(demo.Folder, "us1.internal", "controller.yaml"), Cancellation))
            .Where(line => !Regex.IsMatch(line, "^(publisher_key|admin|metrics):"));
        var path = folder.Write("controller.yaml", string.Join('\n', lines)
            + "\npublisher_key: other.pem\nadmin: \"127.0.0.1:0\"\nmetrics: \"127.0.0.1:0\"\n");
        await using var controller = Programs.Start(Programs.Line("Controller", "--config", path));

        var said = await Eventually.HoldsAsync(
            () => Task.FromResult(controller.Errors),
            text => text.Contains("[7010]", StringComparison.Ordinal),
            Bound,
            Cancellation);

        Assert.Contains($"the key in {folder["other.pem"]} has no Credential", said, StringComparison.Ordinal);
        Assert.Contains("give `publisher_key` the publisher.pem", said, StringComparison.Ordinal);
        Assert.False(controller.HasExited, "what is published stays so: it tries on");
        (await demo.FairleadAsync("resolve", DemoEnvironment.Checkout)).Ends(0);
    }

    [Fact]
    public async Task Cli_KeyThatNoAnchorMaps_NamesTheFileAndTheRemedy()
    {
        var demo = await kept.GetAsync();
        using var folder = new TemporaryFolder();
        (await Programs.FairleadAsync("key", "new", "--out", folder["other.pem"])).Ends(0);

        (await Programs.FairleadAsync(
            "resolve", DemoEnvironment.Checkout, "--bootstrap", demo["BOOTSTRAP_FILE"], "--key", folder["other.pem"]))
            .Fails(2, "SubjectUnknown", folder["other.pem"], "give --key the pod's own key file");
    }

    [Fact]
    public async Task Sidecar_FloorThatTheChainDoesNotHold_EndsAndNamesTheBootstrapFile()
    {
        var demo = await kept.GetAsync();
        using var folder = new TemporaryFolder();
        var bootstrap = JsonNode.Parse(await File.ReadAllTextAsync(demo["BOOTSTRAP_FILE"], Cancellation))!;
        bootstrap["home"]!["floor"]!["digest"] = new string('a', 64);
        var wrong = folder.Write("wrong.json", bootstrap.ToJsonString());
        var configuration = folder.Write("sidecar.yaml", $"""
            bootstrap: {wrong}
            key: {demo["KEY_FILE"]}
            imports: [{DemoEnvironment.Checkout}]
            xds:
              socket: xds.sock
              address: "127.0.0.1:0"
            admin: "127.0.0.1:0"
            metrics: "127.0.0.1:0"

            """);

        (await Programs.RunAsync(Programs.Line("Sidecar", "--config", configuration)))
            .Fails(2, "FloorMismatch", wrong, "take genesis and floor from");
    }
}
