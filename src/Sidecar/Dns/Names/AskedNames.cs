using Fairlead.Resolver;
using Fairlead.Sidecar.Serving;

namespace Fairlead.Sidecar.Dns;

/// <summary>
/// The names that DNS clients ask for: the first query for one starts its traversal and waits for the outcome within a
/// budget; later ones find it. A name is given up when nobody asked for a while, or when there are too many: names
/// without a service go first, so that a client that makes names up cannot displace the good ones. Thread-safe.
/// </summary>
internal sealed class AskedNames
{
    private readonly NameSource _source;
    private readonly AskedNamesOptions _options;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, LinkedListNode<Entry>> _entries = new(StringComparer.Ordinal);
    private readonly LinkedList<Entry> _proven = new();
    private readonly LinkedList<Entry> _others = new();

    internal AskedNames(NameSource source, AskedNamesOptions options, TimeProvider time)
    {
        _source = source;
        _options = options;
        _time = time;
    }

    /// <summary>How many names are kept on behalf of DNS.</summary>
    internal int Count
    {
        get
        {
            lock (_gate)
            {
                return _entries.Count;
            }
        }
    }

    /// <summary>
    /// What is known of the name, at once where anything is, else after its first outcome; pending when the budget ends
    /// before.
    /// </summary>
    internal async ValueTask<NameView> GetAsync(string name, CancellationToken cancellationToken)
    {
        var first = Touch(name);
        if (_source.Find(name) is { State: not NameState.Pending } known)
        {
            return known;
        }

        try
        {
            return await first.WaitAsync(_options.Patience, _time, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            return NameView.Pending(name);
        }
    }

    /// <summary>Whether an answer is there without waiting. Starts the traversal in any case.</summary>
    internal bool TryGet(string name, out NameView view)
    {
        _ = Touch(name);
        view = _source.Find(name) ?? NameView.Pending(name);
        return view.State != NameState.Pending;
    }

    /// <summary>
    /// Hears of a change; must be called for every change of a name that <see cref="NameSource"/> keeps.
    /// </summary>
    internal void Publish(NameView view)
    {
        TaskCompletionSource<NameView>? waiting = null;
        lock (_gate)
        {
            if (!_entries.TryGetValue(view.Name, out var node))
            {
                return;
            }

            if (view.Service is not null && node.List == _others)
            {
                _others.Remove(node);
                _proven.AddFirst(node);
                Shrink(_proven, _options.ProvenMax);
            }

            if (view.State != NameState.Pending)
            {
                waiting = node.Value.First;
            }
        }

        waiting?.TrySetResult(view);
    }

    // The newest in front of its list. The outcome is awaited on what this returns, which is taken before the source is
    // asked: a change between the two is not lost.
    private Task<NameView> Touch(string name)
    {
        lock (_gate)
        {
            Expire(_proven);
            Expire(_others);
            var now = _time.GetTimestamp();
            if (_entries.TryGetValue(name, out var node))
            {
                node.Value.AskedAt = now;
                if (NameInterest.IsRenewalDue(_time, node.Value.WantedAt, now))
                {
                    node.Value.WantedAt = now;
                    _source.Renew(name);
                }

                var list = node.List!;
                list.Remove(node);
                list.AddFirst(node);
                if (node.Value.First.Task.IsCompleted)
                {
                    node.Value.First = NewWait();
                }

                return node.Value.First.Task;
            }

            Shrink(_others, _options.OthersMax - 1);
            node = _others.AddFirst(new Entry(name) { First = NewWait(), AskedAt = now, WantedAt = now });
            _entries.Add(name, node);
            _source.Want(name);
            return node.Value.First.Task;
        }
    }

    private void Expire(LinkedList<Entry> list)
    {
        while (list.Last is { } oldest && _time.GetElapsedTime(oldest.Value.AskedAt) > _options.Idle)
        {
            Drop(oldest);
        }
    }

    private void Shrink(LinkedList<Entry> list, int max)
    {
        while (list.Count > max)
        {
            Drop(list.Last!);
        }
    }

    private void Drop(LinkedListNode<Entry> node)
    {
        var name = node.Value.Name;
        node.List!.Remove(node);
        _entries.Remove(name);
        node.Value.First.TrySetResult(NameView.Pending(name));
        _source.Forget(name);
    }

    private static TaskCompletionSource<NameView> NewWait() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private sealed class Entry(string name)
    {
        internal string Name { get; } = name;

        internal required long AskedAt { get; set; }

        internal required long WantedAt { get; set; }

        internal required TaskCompletionSource<NameView> First { get; set; }
    }
}

/// <summary>The bounds of <see cref="AskedNames"/>. Immutable.</summary>
internal sealed record AskedNamesOptions
{
    /// <value>How long a query may wait for a traversal. Default 1.5 s: forwarders give up after 2 s, stubs after
    /// 5.</value>
    internal TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(1.5);

    /// <value>How long a name is kept after the last query for it. Default 10 minutes.</value>
    internal TimeSpan Idle { get; init; } = TimeSpan.FromMinutes(10);

    /// <value>How many names with a service are kept. Default 2,048.</value>
    internal int ProvenMax { get; init; } = 2_048;

    /// <value>How many names without one are kept. Default 256.</value>
    internal int OthersMax { get; init; } = 256;
}
