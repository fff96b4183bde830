namespace Fairlead.Cli.Demo.Checks;

/// <summary>
/// A service that is not exported and a name that nobody has are proven absent; a bad name is refused by name.
/// </summary>
internal sealed class AbsentCheck(DemoWorld world)
{
    internal async Task<string> RunAsync(CancellationToken cancellationToken)
    {
        foreach (var name in new[] { "ledger.shop.svc.us1.internal", "nobody.shop.svc.us1.internal" })
        {
            var saved = Path.Combine(world.Folder, "absent.answer.json");
            var run = await Cli.ResolveAsync(world, name, cancellationToken, "--save", saved).ConfigureAwait(false);
            Check.Equal(ExitCode.Absent, run.ExitCode, $"the exit code for {name} ({run.Output}{run.Error})");
            var answer = run.Json();
            Check.Equal("absent", (string?)answer["outcome"], name);
            Check.Equal("neg_ttl", (string?)answer["ttl_parts"]![0]!["name"], "the first part of a negative's TTL");
            Check.That(answer["hops"]!.AsArray()[^1]!["seal"] is not null, "the absence is not under a seal");
            await ProveAsync(saved, answer["verified_at"]!.ToString(), cancellationToken).ConfigureAwait(false);
        }

        var label = new string('x', 64);
        var labels = string.Concat(Enumerable.Repeat("abcdefg.", 32));
        foreach (var name in new[] { $"{label}.shop.svc.us1.internal", $"{labels}shop.svc.us1.internal" })
        {
            var bad = await Cli.ResolveAsync(world, name, cancellationToken).ConfigureAwait(false);
            Check.Equal(ExitCode.Usage, bad.ExitCode, $"the exit code for {name}");
            Check.That(bad.Error.Contains("BadName", StringComparison.Ordinal), $"the error is not named: {bad.Error}");
        }

        return "an unexported and an unknown name are absent, and verify agrees with the saved proofs;\n"
            + "a label of 64 characters and a name over 253 are BadName";
    }

    // The proof is not this run's word: the saved answer says the same to a process that knows the genesis alone.
    private async Task ProveAsync(string saved, string moment, CancellationToken cancellationToken)
    {
        var genesis = await DemoWorld.GenesisAsync(world.Home, cancellationToken).ConfigureAwait(false);
        var verify = world.Programs.Start("Cli", "verify", saved, "--genesis", genesis, "--at", moment);
        var verified = await CliRun.RunAsync(world.Spawner, verify, cancellationToken).ConfigureAwait(false);
        Check.Equal(
            ExitCode.Absent, verified.ExitCode, $"verify of the saved absence ({verified.Output}{verified.Error})");
    }
}
