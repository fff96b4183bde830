using System.Diagnostics;
using System.Globalization;
using Fairlead.Cli.Demo.Checks;

namespace Fairlead.Cli.Demo;

/// <summary>Runs checks and counts how they ended. Used by one caller at a time.</summary>
internal sealed class Scoreboard(TextWriter output, TimeProvider time)
{
    private const string Passed = "passed";
    private const string Skipped = "skipped";
    private const string FailedWord = "FAILED";

    private int _passed;
    private int _failed;
    private int _skipped;

    /// <summary>Whether any check failed.</summary>
    internal bool AnyFailed => _failed > 0;

    /// <summary>How many failed.</summary>
    internal int Failed => _failed;

    /// <summary>Runs checks at the same time, each within a bounded time; prints how they ended, in their order.
    /// </summary>
    internal async Task RunAsync(
        IReadOnlyList<CheckRow> checks, TimeSpan patience, CancellationToken cancellationToken)
    {
        var running = checks.Select(check => EndAsync(check, patience, cancellationToken)).ToList();
        try
        {
            for (var i = 0; i < checks.Count; i++)
            {
                Report(checks[i].Name, await running[i].ConfigureAwait(false));
            }
        }
        finally
        {
            // Told to end, none of them is left behind.
            await Task.WhenAll(running).ConfigureAwait(false);
        }
    }

    private sealed record End(string Verdict, string Detail, TimeSpan Took);

    private async Task<End> EndAsync(CheckRow check, TimeSpan patience, CancellationToken cancellationToken)
    {
        var start = time.GetTimestamp();
        using var late = new CancellationTokenSource(patience, time);
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, late.Token);
        try
        {
            return Ended(Passed, await check.RunAsync(bounded.Token).ConfigureAwait(false));
        }
        catch (CheckSkippedException e)
        {
            return Ended(Skipped, "skipped: " + e.Message);
        }
        catch (CheckFailedException e)
        {
            return Ended(FailedWord, e.Message);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return Ended(FailedWord, $"not done within {(int)patience.TotalSeconds} s");
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            return Ended(FailedWord, e.GetType().Name + ": " + e.Message);
        }

        End Ended(string verdict, string detail) => new(verdict, detail, time.GetElapsedTime(start));
    }

    /// <summary>The closing line.</summary>
    internal string Closing() =>
        string.Create(CultureInfo.InvariantCulture, $"demo: {_passed} passed, {_failed} failed, {_skipped} skipped");

    private void Report(string name, End end)
    {
        _ = end.Verdict switch
        {
            Passed => _passed++,
            Skipped => _skipped++,
            _ => _failed++,
        };
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"[{end.Verdict}] {name} ({end.Took.TotalSeconds:0.0} s)"));
        foreach (var line in end.Detail.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            output.WriteLine("    " + line);
        }

        Debug.Assert(end.Detail.Length < 100_000, "a check's report is a few lines");
    }
}
