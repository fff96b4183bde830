using Fairlead.Naming;

namespace Fairlead.Anchor.Serving;

/// <summary>
/// A bounded number of pages that holders share. Where there is no room for another one, the holder with the most gives
/// up the one that it used least recently: who asks for ever other things takes from himself. Not thread-safe.
/// </summary>
/// <param name="most">The pages.</param>
internal sealed class RecentPages<TPage>(int most)
    where TPage : class, new()
{
    private readonly Dictionary<AttestKey, LinkedListNode<Used>> _pages = [];

    // Of each holder, the least recently used one first.
    private readonly Dictionary<Digest, LinkedList<Used>> _holders = [];
    private long _uses;

    /// <summary>A page that is there; null for none. Looking is no use of it.</summary>
    internal TPage? Find(AttestKey key) => _pages.GetValueOrDefault(key)?.Value.Page;

    /// <summary>Uses a page, or a new one.</summary>
    internal TPage Use(AttestKey key, Digest holder)
    {
        if (_pages.TryGetValue(key, out var node))
        {
            var pages = node.List!;
            pages.Remove(node);
            node.Value = node.Value with { At = ++_uses };
            pages.AddLast(node);
            return node.Value.Page;
        }

        if (_pages.Count >= most)
        {
            MakeRoom();
        }

        if (!_holders.TryGetValue(holder, out var held))
        {
            held = _holders[holder] = new LinkedList<Used>();
        }

        var used = new Used(key, holder, new TPage(), ++_uses);
        _pages[key] = held.AddLast(used);
        return used.Page;
    }

    private void MakeRoom()
    {
        var largest = _holders.Values.MaxBy(held => (held.Count, -held.First!.Value.At))!;
        var (key, holder, _, _) = largest.First!.Value;
        largest.RemoveFirst();
        _pages.Remove(key);
        if (largest.Count == 0)
        {
            _holders.Remove(holder);
        }
    }

    private readonly record struct Used(AttestKey Key, Digest Holder, TPage Page, long At);
}
