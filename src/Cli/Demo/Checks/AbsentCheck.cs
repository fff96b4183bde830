namespace Fairlead.Cli.Demo.Checks;

/// <summary>A service that is not exported and a name that nobody has are proven absent; a bad name is refused by name.</summary>
internal sealed class AbsentCheck(DemoWorld world)
{
    internal async Task<string> RunAsync(CancellationToken cancellationToken)
    {
        foreach (var name in new[] { "ledger.shop.svc.us1.internal", "nobody.shop.svc.us1.internal" })
        {
            var run = await Cli.ResolveAsync(world, name, cancellationToken).ConfigureAwait(false);
            Check.Equal(ExitCode.Absent, run.ExitCode, $"the exit code for {name} ({run.Output}{run.Error})");
            var answer = run.Json();
            Check.Equal("absent", (string?)answer["outcome"], name);
            Check.Equal("neg_ttl", (string?)answer["ttl_parts"]![0]!["name"], "the first part of a negative's TTL");
            Check.That(answer["hops"]!.AsArray()[^1]!["seal"] is not null, "the absence is not under a seal");
        }

        var label = new string('x', 64);
        var bad = await Cli.ResolveAsync(world, $"{label}.shop.svc.us1.internal", cancellationToken).ConfigureAwait(false);
        Check.Equal(ExitCode.Usage, bad.ExitCode, "the exit code for a label of 64 characters");
        Check.That(bad.Error.Contains("BadName", StringComparison.Ordinal), $"the error is not named: {bad.Error}");
        return "an unexported and an unknown name are absent with a proof; a label of 64 characters is BadName";
    }
}
