using System.Globalization;
using System.Text.Json.Nodes;

namespace Fairlead.Cli.Demo.Checks;

/// <summary>
/// The name resolves; the printed TTL is the smallest part of the formula and names it; the saved answer verifies in a
/// process that has no network.
/// </summary>
internal sealed class ResolveCheck(DemoWorld world)
{
    internal async Task<string> RunAsync(CancellationToken cancellationToken)
    {
        var saved = Path.Combine(world.Folder, "checkout.answer.json");
        var resolved = await Cli.ResolveAsync(world, DemoWorld.Checkout, cancellationToken, "--save", saved).ConfigureAwait(false);
        Check.That(resolved.ExitCode == ExitCode.Answer, $"resolve ended with {resolved.ExitCode}: {resolved.Error}");
        var answer = resolved.Json();
        Check.Equal("record", (string?)answer["outcome"], "the outcome");
        Check.Equal("eu1.internal us1.internal", string.Join(' ', answer["path"]!.AsArray().Select(hop => (string?)hop)), "the path");
        var (ttl, bound) = CheckFormula(answer);

        var genesis = await DemoWorld.GenesisAsync(world.Home, cancellationToken).ConfigureAwait(false);
        var verify = CliRun.WithoutNetwork(world.Programs.Start("Cli", "verify", saved, "--genesis", genesis, "--output", "json"));
        var verified = await CliRun.RunAsync(world.Spawner, verify, cancellationToken).ConfigureAwait(false);
        Check.That(verified.ExitCode == ExitCode.Answer, $"verify ended with {verified.ExitCode}: {verified.Output}{verified.Error}");
        Check.Equal((string?)answer["record"]!["digest"], (string?)verified.Json()["record"]!["digest"], "the verified record");
        Check.Equal(answer["endpoints"]!.ToJsonString(), verified.Json()["endpoints"]!.ToJsonString(), "the verified endpoints");

        var wrong = string.Concat(genesis.Select(c => c == '0' ? '1' : '0'));
        var refused = await CliRun.RunAsync(
            world.Spawner, world.Programs.Start("Cli", "verify", saved, "--genesis", wrong), cancellationToken).ConfigureAwait(false);
        Check.Equal(ExitCode.Refused, refused.ExitCode, "verify against another genesis");
        return string.Create(
            CultureInfo.InvariantCulture,
            $"TTL {ttl} ms, bounded by {bound}; verified offline without a network, and refused against another genesis");
    }

    private static (long Ttl, string Bound) CheckFormula(JsonNode answer)
    {
        var ttl = (long)answer["ttl_ms"]!;
        var bound = (string)answer["bound"]!;
        var parts = answer["ttl_parts"]!.AsArray().Select(part => (Name: (string)part!["name"]!, Ms: (long)part["ms"]!)).ToList();
        var minimum = parts.Min(part => part.Ms);
        Check.Equal(Math.Max(0, minimum), ttl, "the TTL against the smallest part");
        Check.Equal(parts.First(part => part.Ms == minimum).Name, bound, "the part that bounds it");
        foreach (var needed in new[] { "record_ttl", "target_policy", "home_policy", "terms", "seal", "target_attest", "record_expires", "epoch", "intro" })
        {
            Check.That(needed == "terms" || parts.Any(part => part.Name == needed), $"the formula lacks {needed}");
        }

        // The seal's part again, from the evidence that the answer shows: expires - delta - now.
        var target = answer["hops"]!.AsArray()[^1]!;
        var seal = (long)target["seal"]!["expires"]! - (long)answer["clock_delta"]! - (long)answer["verified_at"]!;
        Check.Equal(seal, parts.First(part => part.Name == "seal").Ms, "the seal's part of the formula");
        return (ttl, bound);
    }
}
