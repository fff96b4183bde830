using Fairlead.Governance;

namespace Fairlead.Simulator;

/// <summary>
/// Loses, delays, reorders and repeats messages until the storm is over; after that it is quick and keeps all.
/// </summary>
internal sealed class Network(VirtualTime time, Random random, long stormEnd)
{
    private readonly Dictionary<string, ISimulatedAnchor> _anchors = new(StringComparer.Ordinal);
    private readonly double _loss = random.NextDouble() * 0.25;
    private readonly int _slowest = 5 + random.Next(120);
    private readonly HashSet<(string, string)> _cut = [];

    internal IEnumerable<string> Ids => _anchors.Keys.Order(StringComparer.Ordinal);

    private bool Storm => time.Now < stormEnd;

    internal void Join(ISimulatedAnchor anchor) => _anchors.Add(anchor.Id, anchor);

    /// <summary>Cuts one direction between two anchors for a while.</summary>
    internal void Cut(string from, string to, long milliseconds)
    {
        if (_cut.Add((from, to)))
        {
            time.After(milliseconds, () => _cut.Remove((from, to)));
        }
    }

    internal void Broadcast(string from, SegmentMessage message)
    {
        foreach (var to in Ids)
        {
            if (to != from)
            {
                Send(from, to, message);
            }
        }
    }

    internal void Send(string from, string to, SegmentMessage message)
    {
        var copies = !Storm ? 1 : random.Next(20) == 0 ? 2 : 1;
        for (; copies > 0; copies--)
        {
            if (Storm && (random.NextDouble() < _loss || _cut.Contains((from, to))))
            {
                continue;
            }

            var delay = Storm ? 1 + random.Next(_slowest) : 1 + random.Next(5);
            time.After(delay, () => _anchors[to].Deliver(new SegmentInput.Receive(from, message)));
        }
    }
}
