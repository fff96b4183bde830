namespace Fairlead.Cli.Demo.Checks;

/// <summary>A check that changes what later ones need, and puts it back where it fails midway. Stateless.</summary>
internal static class Restoring
{
    /// <summary>Runs a check.</summary>
    /// <param name="check">It, which restores by itself where it passes.</param>
    /// <param name="restore">Restores; it may fail, as where there is nothing to restore.</param>
    /// <param name="patience">How long that may take, also once the check was told to end.</param>
    /// <param name="time">Counts it.</param>
    /// <exception cref="Exception">What the check failed by; what restoring failed by is not told.</exception>
    internal static async Task<string> RunAsync(
        Func<Task<string>> check, Func<CancellationToken, Task> restore, TimeSpan patience, TimeProvider time)
    {
        try
        {
            return await check().ConfigureAwait(false);
        }
        catch
        {
            using var bounded = new CancellationTokenSource(patience, time);
            try
            {
                await restore(bounded.Token).ConfigureAwait(false);
            }
            catch (Exception e) when (e is CheckFailedException or OperationCanceledException or IOException
                or System.Text.Json.JsonException or HttpRequestException)
            {
                // What failed first is what is told.
            }

            throw;
        }
    }
}
