namespace Fairlead.Cli.Demo;

/// <summary>Checks that need the Envoy of an earlier one.</summary>
internal static class EnvoyMissing
{
    /// <summary>Whether an Envoy runs; false only where this machine has none to run.</summary>
    /// <exception cref="CheckFailedException">There is one, and it did not start or has ended: it broke, which is no
    /// reason to skip anything.</exception>
    internal static bool IsThere(DemoWorld world)
    {
        if (world.EnvoyAbsence is not null)
        {
            return false;
        }

        Check.That(world.Envoy is not null, "Envoy was not started");
        Check.That(
            !world.Envoy!.HasExited,
            $"Envoy ended, though nobody stopped it; its output is in {world.Envoy.LogPath}");
        return true;
    }

    /// <summary>Skips a check, with the reason why no Envoy can be had here.</summary>
    internal static void SkipIf(DemoWorld world)
    {
        if (!IsThere(world))
        {
            throw new CheckSkippedException(world.EnvoyAbsence!);
        }
    }

    /// <summary>Runs a check for as long as the Envoy does: what it waits for will not come from an Envoy that
    /// ended.</summary>
    /// <exception cref="CheckFailedException">Envoy ended meanwhile.</exception>
    internal static async Task<string> WhileThereAsync(
        DemoWorld world, Func<CancellationToken, Task<string>> check, CancellationToken cancellationToken)
    {
        SkipIf(world);
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var ended = world.Envoy!.WaitForExitAsync(bounded.Token);
        var run = check(bounded.Token);
        if (await Task.WhenAny(run, ended).ConfigureAwait(false) != run)
        {
            await bounded.CancelAsync().ConfigureAwait(false);
            await Task.WhenAny(run).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            _ = IsThere(world);
        }

        return await run.ConfigureAwait(false);
    }
}
