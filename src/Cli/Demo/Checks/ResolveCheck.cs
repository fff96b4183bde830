using System.Globalization;
using System.Text.Json.Nodes;

namespace Fairlead.Cli.Demo.Checks;

/// <summary>
/// The name resolves; the printed TTL is the smallest part of the formula and names it; the saved answer verifies in a
/// process of its own, and against no other genesis.
/// </summary>
internal sealed class ResolveCheck(DemoWorld world)
{
    /// <summary>
    /// The parts that an answer of a peer has in this demo, in the formula's order (no caps are set).
    /// </summary>
    private static readonly string[] Formula =
    [
        "record_ttl", "target_policy", "home_policy", "seal", "target_attest", "home_attest", "record_expires", "epoch",
        "intro", "intro_attest", "intro_epoch",
    ];

    /// <summary>Where this check leaves the answer.</summary>
    internal static string SavedAnswer(DemoWorld world) => Path.Combine(world.Folder, "checkout.answer.json");

    /// <summary>Where this check leaves what was printed of it.</summary>
    internal static string ShownAnswer(DemoWorld world) => Path.Combine(world.Folder, "checkout.shown.json");

    internal async Task<string> RunAsync(CancellationToken cancellationToken)
    {
        var saved = SavedAnswer(world);
        var resolved = await Cli.ResolveAsync(world, DemoWorld.Checkout, cancellationToken, "--save", saved)
            .ConfigureAwait(false);
        Check.That(resolved.ExitCode == ExitCode.Answer, $"resolve ended with {resolved.ExitCode}: {resolved.Error}");
        var answer = resolved.Json();
        Check.Equal("record", (string?)answer["outcome"], "the outcome");
        Check.Equal(
            "eu1.internal us1.internal",
            string.Join(' ', answer["path"]!.AsArray().Select(hop => (string?)hop)),
            "the path");
        Check.Equal(
            string.Join(' ', ManifestEndpoints.Read(world.Peer.Manifests)
                .Where(endpoint => endpoint.Service == "checkout")
                .Select(endpoint => endpoint.Address.Address.ToString()).Order(StringComparer.Ordinal)),
            string.Join(' ', answer["endpoints"]!.AsArray()
                .Select(endpoint => (string)endpoint!["address"]!).Order(StringComparer.Ordinal)),
            "the endpoints");
        var (ttl, bound) = CheckFormula(answer);
        await File.WriteAllTextAsync(ShownAnswer(world), answer.ToJsonString(), cancellationToken)
            .ConfigureAwait(false);

        var genesis = await DemoWorld.GenesisAsync(world.Home, cancellationToken).ConfigureAwait(false);
        var moment = answer["verified_at"]!.ToString();
        var verified = await VerifyAsync(saved, genesis, moment, cancellationToken).ConfigureAwait(false);
        Check.That(
            verified.ExitCode == ExitCode.Answer,
            $"verify ended with {verified.ExitCode}: {verified.Output}{verified.Error}");
        CheckSame(answer, verified.Json());

        var wrong = string.Concat(genesis.Select(c => c == '0' ? '1' : '0'));
        var refused = await VerifyAsync(saved, wrong, moment, cancellationToken).ConfigureAwait(false);
        Check.Equal(ExitCode.Refused, refused.ExitCode, "verify against another genesis");
        return string.Create(
            CultureInfo.InvariantCulture,
            $"TTL {ttl} ms, bounded by {bound}; verified by another process, and refused against another genesis");
    }

    /// <summary>What was verified is what was resolved.</summary>
    internal static void CheckSame(JsonNode resolved, JsonNode verified)
    {
        foreach (var member in new[] { "record", "endpoints", "path" })
        {
            Check.Equal(
                resolved[member]!.ToJsonString(),
                verified[member]!.ToJsonString(),
                $"{member} as resolved and as verified");
        }
    }

    private static (long Ttl, string Bound) CheckFormula(JsonNode answer)
    {
        var ttl = (long)answer["ttl_ms"]!;
        var bound = (string)answer["bound"]!;
        var parts = answer["ttl_parts"]!.AsArray()
            .Select(part => (Name: (string)part!["name"]!, Ms: (long)part["ms"]!)).ToList();
        var minimum = parts.Min(part => part.Ms);
        Check.Equal(Math.Max(0, minimum), ttl, "the TTL against the smallest part");
        Check.Equal(parts.First(part => part.Ms == minimum).Name, bound, "the part that bounds it");
        Check.Equal(
            string.Join(' ', Formula),
            string.Join(' ', parts.Select(part => part.Name).Distinct()),
            "the parts of the formula");

        // All of them again, from the evidence that the answer shows.
        foreach (var (name, expected) in Recomputed(answer))
        {
            Check.Equal(
                expected, parts.Where(part => part.Name == name).Min(part => part.Ms), $"{name} by the evidence shown");
        }

        return (ttl, bound);
    }

    /// <summary>Each part of the formula for an answer of a peer: a duration, or expires - delta - now.</summary>
    internal static IReadOnlyList<(string Name, long Ms)> Recomputed(JsonNode answer)
    {
        var past = (long)answer["clock_delta"]! + (long)answer["verified_at"]!;
        var hops = answer["hops"]!.AsArray();
        var (home, target) = (hops[0]!, hops[^1]!);
        var introducing = hops.Where(hop => (bool)hop!["introduces"]!).Select(hop => hop!).ToList();
        Check.That(introducing.Count > 0, "no hop introduces");
        List<(string Name, long Ms)> parts =
        [
            ("record_ttl", (long)answer["record"]!["ttl_max"]!),
            ("target_policy", (long)target["policy"]!["max_ttl"]!),
            ("home_policy", (long)home["policy"]!["max_ttl"]!),
            ("seal", (long)target["seal"]!["expires"]! - past),
            ("target_attest", EarliestAttest(target) - past),
            ("home_attest", EarliestAttest(home) - past),
            ("record_expires", (long)answer["record"]!["expires"]! - past),
            ("epoch", (long)target["epoch"]!["expires"]! - past),
            ("intro", introducing.Min(hop => (long)hop["seal"]!["issued"]! + Math.Min(Age(home), Age(hop))) - past),
            ("intro_attest", introducing.Min(EarliestAttest) - past),
            ("intro_epoch", introducing.Min(hop => (long)hop["epoch"]!["expires"]!) - past),
        ];
        Check.Equal(
            string.Join(' ', Formula), string.Join(' ', parts.Select(part => part.Name)),
            "the parts that are recomputed");
        return parts;

        static long Age(JsonNode hop) => (long)hop["policy"]!["introduction_max_age"]!;
    }

    private static long EarliestAttest(JsonNode hop) =>
        hop["attests"]!.AsArray().Min(attest => (long)attest!["expires"]!);

    // As of the moment at which it was resolved: an auditor comes later, and answers of this demo are short-lived.
    private Task<CliRun> VerifyAsync(
        string saved, string genesis, string moment, CancellationToken cancellationToken) =>
        CliRun.RunAsync(
            world.Spawner,
            world.Programs.Start(
                "Cli", "verify", saved, "--genesis", genesis, "--at", moment, "--unsafe-allow-loopback-endpoints",
                "--output", "json"),
            cancellationToken);
}
