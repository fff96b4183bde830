using Fairlead.Anchor.Serving;
using Fairlead.Naming;

namespace Fairlead.Anchor.Home;

/// <summary>
/// One upstream subscription, shared by every consumer stream that asks the same query: the newest verified answer, or
/// why there is none. Thread-safe.
/// </summary>
internal sealed class RelayedName(ulong id, Parsed<Query> query, Consumer consumer)
{
    private readonly Lock _gate = new();
    private readonly HashSet<string> _refused = new(StringComparer.Ordinal);
    private Relayed? _current;
    private Refusal? _failure;
    private Action? _refresh;
    private bool _refreshAsked;
    private string? _trace;

    /// <summary>Called when the answer or the failure is another one; handlers only signal.</summary>
    internal event Action? Changed;

    /// <summary>Its number on the upstream stream.</summary>
    internal ulong Id { get; } = id;

    internal Parsed<Query> Query { get; } = query;

    internal Consumer Consumer { get; } = consumer;

    /// <summary>How many consumer streams use it; guarded by <see cref="RelayedNames"/>.</summary>
    internal int Users { get; set; }

    /// <summary>Since when nobody uses it, in monotonic ticks; guarded by <see cref="RelayedNames"/>.</summary>
    internal long IdleSince { get; set; }

    /// <summary>The newest answer, and the newest failure since.</summary>
    internal (Relayed? Current, Refusal? Failure) Read()
    {
        lock (_gate)
        {
            return (_current, _failure);
        }
    }

    /// <summary>Who is woken when a newer answer than the one held is asked for.</summary>
    internal void OnRefresh(Action wake)
    {
        lock (_gate)
        {
            _refresh = wake;
        }
    }

    /// <summary>Asks the target anew, since an asker knows more than what is held (V64), or asks to renew it.</summary>
    /// <param name="trace">The span that waits for it, as W3C's traceparent; null for none.</param>
    internal void AskAgain(string? trace = null)
    {
        Action? wake;
        lock (_gate)
        {
            _refreshAsked = true;
            _trace = trace ?? _trace;
            wake = _refresh;
        }

        wake?.Invoke();
    }

    /// <summary>The span that waits for the next question.</summary>
    internal string? Trace
    {
        get
        {
            lock (_gate)
            {
                return _trace;
            }
        }
    }

    /// <summary>The span that waits for the next question; once.</summary>
    internal string? TakeTrace()
    {
        lock (_gate)
        {
            var trace = _trace;
            _trace = null;
            return trace;
        }
    }

    /// <summary>Whether it was asked for since somebody looked with <see cref="TakeRefresh"/>.</summary>
    internal bool IsRefreshAsked
    {
        get
        {
            lock (_gate)
            {
                return _refreshAsked;
            }
        }
    }

    /// <summary>Whether it was asked for since the last look.</summary>
    internal bool TakeRefresh()
    {
        lock (_gate)
        {
            var asked = _refreshAsked;
            _refreshAsked = false;
            return asked;
        }
    }

    internal void Accept(Relayed relayed)
    {
        lock (_gate)
        {
            _current = relayed;
            _failure = null;
            _refused.Clear(); // A new attempt at bad content must be refused by as many anchors again.
        }

        Changed?.Invoke();
    }

    /// <summary>Notes that an anchor of the target showed content that is not admitted; how many different ones
    /// did.</summary>
    internal int RefusedBy(IpEndpoint anchor)
    {
        lock (_gate)
        {
            if (_refused.Count < Limits.Anchors)
            {
                _refused.Add(anchor.Text);
            }

            return _refused.Count;
        }
    }

    /// <summary>What is held ends at once: it was verified over a path that is none any more (trust 4.7).</summary>
    internal void End(Refusal failure)
    {
        lock (_gate)
        {
            if (_current is null && _failure?.Failure == failure.Failure)
            {
                return;
            }

            (_current, _failure) = (null, failure);
        }

        Changed?.Invoke();
    }

    internal void Fail(Refusal failure)
    {
        lock (_gate)
        {
            if (_failure?.Failure == failure.Failure)
            {
                return;
            }

            _failure = failure;
        }

        Changed?.Invoke();
    }
}
