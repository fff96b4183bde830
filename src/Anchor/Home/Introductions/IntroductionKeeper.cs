using System.Collections.Immutable;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Resolver.State;
using Microsoft.Extensions.Logging;

namespace Fairlead.Anchor.Home.Introductions;

/// <summary>
/// Keeps the introductions on disk (V39): one write covers all that changed while the one before ran, however many wait
/// for it, and none of them holds a thread. Thread-safe.
/// </summary>
/// <param name="file">The file.</param>
/// <param name="read">What is to be in it now: the ways, and what was loaded and not used yet.</param>
/// <param name="log">Hears of what is not kept.</param>
internal sealed class IntroductionKeeper(
    IntroductionFile file,
    Func<(IEnumerable<(SegmentName Target, Way Way)> Ways, IEnumerable<KeyValuePair<SegmentName, UnverifiedAnswer>>
        Unused)> read,
    ILogger log)
{
    private readonly Lock _gate = new();
    private Task _last = Task.CompletedTask;
    private Task? _next;
    private ImmutableHashSet<SegmentName> _left = [];

    /// <summary>Completes once what there is to keep now is written, or cannot be.</summary>
    internal Task SaveAsync()
    {
        lock (_gate)
        {
            return _next ??= _last = WriteAsync(_last);
        }
    }

    private async Task WriteAsync(Task before)
    {
        await before.ConfigureAwait(ConfigureAwaitOptions.ForceYielding | ConfigureAwaitOptions.SuppressThrowing);
        lock (_gate)
        {
            // From here on it is read: whoever changes something waits for another one.
            _next = null;
        }

        try
        {
            var (ways, unused) = read();
            var left = file.Save(ways, unused).ToImmutableHashSet();
            if (left.Except(_left) is { Count: > 0 } more)
            {
                HomeLog.IntroductionsFull(log, left.Count, more.Order().First().Text);
            }

            _left = left;
        }
        catch (StateException e)
        {
            HomeLog.IntroductionsLost(log, e.Message);
        }
    }
}
