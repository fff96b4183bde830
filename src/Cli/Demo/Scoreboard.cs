using System.Diagnostics;
using System.Globalization;

namespace Fairlead.Cli.Demo;

/// <summary>Runs checks one after the other and counts how they ended. Used by one caller at a time.</summary>
internal sealed class Scoreboard(TextWriter output, TimeProvider time)
{
    private int _passed;
    private int _failed;
    private int _skipped;

    /// <summary>Whether any check failed.</summary>
    internal bool AnyFailed => _failed > 0;

    /// <summary>How many failed.</summary>
    internal int Failed => _failed;

    /// <summary>Runs one check within a bounded time and prints how it ended.</summary>
    internal async Task RunAsync(
        string name,
        TimeSpan patience,
        Func<CancellationToken, Task<string>> check,
        CancellationToken cancellationToken)
    {
        var start = time.GetTimestamp();
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bounded.CancelAfter(patience);
        try
        {
            var found = await check(bounded.Token).ConfigureAwait(false);
            _passed++;
            Report("passed", name, found, start);
        }
        catch (CheckSkippedException e)
        {
            _skipped++;
            Report("skipped", name, "skipped: " + e.Message, start);
        }
        catch (CheckFailedException e)
        {
            _failed++;
            Report("FAILED", name, e.Message, start);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            _failed++;
            Report("FAILED", name, $"not done within {(int)patience.TotalSeconds} s", start);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            _failed++;
            Report("FAILED", name, e.GetType().Name + ": " + e.Message, start);
        }
    }

    /// <summary>The closing line.</summary>
    internal string Closing() =>
        string.Create(CultureInfo.InvariantCulture, $"demo: {_passed} passed, {_failed} failed, {_skipped} skipped");

    private void Report(string verdict, string name, string detail, long start)
    {
        var took = time.GetElapsedTime(start).TotalSeconds;
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"[{verdict}] {name} ({took:0.0} s)"));
        foreach (var line in detail.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            output.WriteLine("    " + line);
        }

        Debug.Assert(detail.Length < 100_000, "a check's report is a few lines");
    }
}
