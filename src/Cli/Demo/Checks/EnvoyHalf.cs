namespace Fairlead.Cli.Demo.Checks;

/// <summary>
/// What earlier checks found through Envoy, as a row of its own: where no Envoy is it is skipped with the reason and
/// counted, where the earlier checks did not get as far it fails. Used by one check at a time.
/// </summary>
internal sealed class EnvoyHalf(DemoWorld world, params IReadOnlyList<string> checks)
{
    private readonly Dictionary<string, string> _found = new(StringComparer.Ordinal);

    /// <summary>Takes what a check found through Envoy, once all of that check holds.</summary>
    internal void Found(string check, string what) => _found[check] = what;

    internal Task<string> RunAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        EnvoyMissing.SkipIf(world);
        var open = checks.Where(check => !_found.ContainsKey(check)).ToList();
        Check.That(open.Count == 0, $"not shown, because of what failed in {string.Join(", ", open)}");
        return Task.FromResult(string.Join('\n', checks.Select(check => $"{check}: {_found[check]}")));
    }
}
