using System.Runtime.CompilerServices;

namespace Fairlead.Resolver.Anchors;

/// <summary>
/// Asks anchors in their order without giving up one that is slow: after a moment the next one is asked beside it.
/// Stateless.
/// </summary>
public static class Hedge
{
    /// <summary>How long one anchor is waited for alone.</summary>
    public static readonly TimeSpan Moment = TimeSpan.FromSeconds(1);

    /// <summary>
    /// What came of each, in the order in which they ended. Who has heard enough leaves the loop: no further one is
    /// asked, and those under way are cancelled.
    /// </summary>
    /// <param name="anchors">Whom to ask.</param>
    /// <param name="ask">Asks one; it makes results of failures, and of being cancelled.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Ends all of it.</param>
    public static async IAsyncEnumerable<T> AskAsync<TAnchor, T>(
        IReadOnlyList<TAnchor> anchors,
        Func<TAnchor, CancellationToken, Task<T>> ask,
        TimeProvider time,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(anchors);
        ArgumentNullException.ThrowIfNull(ask);
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var asking = new List<Task<T>>();
        try
        {
            for (var next = 0; next < anchors.Count || asking.Count > 0;)
            {
                if (next < anchors.Count)
                {
                    asking.Add(ask(anchors[next++], enough.Token));
                }

                var any = Task.WhenAny(asking);
                await (next < anchors.Count ? any.WaitAsync(Moment, time, cancellationToken) : (Task)any)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                cancellationToken.ThrowIfCancellationRequested();
                if (any.IsCompleted)
                {
                    var done = await any.ConfigureAwait(false);
                    asking.Remove(done);
                    yield return await done.ConfigureAwait(false);
                }
            }
        }
        finally
        {
            await enough.CancelAsync().ConfigureAwait(false);
            await ((Task)Task.WhenAll(asking)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
