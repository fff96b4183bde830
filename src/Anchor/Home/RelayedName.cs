using Fairlead.Anchor.Serving;
using Fairlead.Naming;

namespace Fairlead.Anchor.Home;

/// <summary>
/// One upstream subscription, shared by every consumer stream that asks the same query: the newest verified answer, or why
/// there is none. Thread-safe.
/// </summary>
internal sealed class RelayedName(ulong id, Parsed<Query> query, Consumer consumer)
{
    private readonly Lock _gate = new();
    private Relayed? _current;
    private Refusal? _failure;

    /// <summary>Called when the answer or the failure is another one; handlers only signal.</summary>
    internal event Action? Changed;

    /// <summary>Its number on the upstream stream.</summary>
    internal ulong Id { get; } = id;

    internal Parsed<Query> Query { get; } = query;

    internal Consumer Consumer { get; } = consumer;

    /// <summary>How many consumer streams use it; guarded by the relay.</summary>
    internal int Users { get; set; }

    /// <summary>Since when nobody uses it, in monotonic ticks; guarded by the relay.</summary>
    internal long IdleSince { get; set; }

    /// <summary>The newest answer, and the newest failure since.</summary>
    internal (Relayed? Current, Refusal? Failure) Read()
    {
        lock (_gate)
        {
            return (_current, _failure);
        }
    }

    internal void Accept(Relayed relayed)
    {
        lock (_gate)
        {
            _current = relayed;
            _failure = null;
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
