using Fairlead.Naming;
using Microsoft.Extensions.Logging;

namespace Fairlead.Anchor.Serving;

/// <summary>
/// What this anchor denied and by which Rule, for the segment's own operators: who is denied learns neither. One entry
/// for each role, home and Rule, with whom and what it was about last, so that no home pushes out others by asking
/// much. An entry that is new, or of a newer epoch than before, is logged. Bounded. Thread-safe.
/// </summary>
/// <param name="log">Hears of new entries.</param>
/// <param name="most">How many entries are kept; those that were not met for the longest time go first.</param>
internal sealed class DenialBook(ILogger log, int most = DenialBook.Most)
{
    /// <summary>The most entries.</summary>
    internal const int Most = 512;

    private readonly Lock _gate = new();
    private readonly Dictionary<Key, LinkedListNode<(Key Key, NotedDenial Denial)>> _entries = [];
    private readonly LinkedList<(Key Key, NotedDenial Denial)> _order = new();

    /// <summary>The entries, those that were met last first.</summary>
    internal IReadOnlyList<NotedDenial> All
    {
        get
        {
            lock (_gate)
            {
                return [.. _order.Select(one => one.Denial)];
            }
        }
    }

    /// <summary>Notes a denial; what is allowed is not noted.</summary>
    /// <param name="epoch">The number of the epoch whose Rules decided.</param>
    /// <param name="terms">The decision.</param>
    /// <param name="now">Unix milliseconds.</param>
    internal void Note(long epoch, AttestTerms terms, long now)
    {
        if (terms.Decision.Denial is not { } reason)
        {
            return;
        }

        var key = new Key(terms.Role, terms.Home, reason.Cause, reason.Rule?.Value.Id);
        var isNews = true;
        lock (_gate)
        {
            var denial = new NotedDenial(terms, reason, epoch, 1, now, now);
            if (_entries.Remove(key, out var node))
            {
                _order.Remove(node);
                var held = node.Value.Denial;
                isNews = held.Epoch != epoch;
                denial = isNews ? denial : denial with { Times = held.Times + 1, First = held.First };
            }
            else if (_entries.Count == most)
            {
                _entries.Remove(_order.Last!.Value.Key);
                _order.RemoveLast();
            }

            _entries[key] = _order.AddFirst((key, denial));
        }

        if (isNews)
        {
            ServingLog.Denied(
                log, terms.Role, terms.Scope.Text, terms.Consumer?.Subject.Namespace, terms.Consumer?.Subject.Account,
                terms.Home, reason.Cause, reason.Rule?.Value.Id, reason.Pattern?.Text, epoch);
        }
    }

    private readonly record struct Key(string Role, Digest Home, DenialCause Cause, string? Rule);
}
