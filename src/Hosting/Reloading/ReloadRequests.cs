using System.Threading.Channels;

namespace Fairlead.Hosting.Reloading;

/// <summary>Requests to read the configuration anew, of which several that nobody has heard yet are one.
/// Thread-safe.</summary>
public sealed class ReloadRequests
{
    private readonly Channel<bool> _asked = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>Asks, as SIGHUP does. Does not block.</summary>
    public void Ask() => _asked.Writer.TryWrite(true);

    /// <summary>Waits for a request, and takes it.</summary>
    /// <param name="patience">How long it waits at most.</param>
    /// <param name="time">Counts it.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>False where none came in this time.</returns>
    /// <exception cref="OperationCanceledException">The token ended the wait.</exception>
    public async Task<bool> WaitAsync(TimeSpan patience, TimeProvider time, CancellationToken cancellationToken)
    {
        using var over = new CancellationTokenSource(patience, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(over.Token, cancellationToken);
        try
        {
            return await _asked.Reader.ReadAsync(both.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }
}
