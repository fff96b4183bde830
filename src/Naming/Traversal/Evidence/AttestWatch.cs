namespace Fairlead.Naming.Traversal;

/// <summary>
/// Remembers what anchors decided, as far as answers brought it, and finds one that decided the same question in two
/// ways under one policy (V38). Holds verified statements alone, each question's first one. Bounded by number and by
/// bytes; where there is no room, the segment that takes most of it loses its oldest, so that none can make what others
/// said forgotten. Thread-safe.
/// </summary>
/// <param name="most">The most questions remembered, of about 2 KiB each.</param>
public sealed class AttestWatch(int most = 1024)
{
    private const int BytesOfOne = 2048;

    private readonly Lock _gate = new();
    private readonly long _mostBytes = Math.Max((long)most * BytesOfOne, 2 * Limits.EnvelopeBytes);
    private readonly Dictionary<Question, (string Decision, Envelope Attest)> _decided = [];
    private readonly Dictionary<Digest, Share> _shares = [];
    private long _bytes;

    /// <summary>How many questions are remembered.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _decided.Count;
            }
        }
    }

    /// <summary>How many bytes of payloads are remembered.</summary>
    public long Bytes
    {
        get
        {
            lock (_gate)
            {
                return _bytes;
            }
        }
    }

    /// <summary>Looks at what a verdict's answer brought.</summary>
    /// <param name="verdict">The verdict.</param>
    /// <returns>The first contradiction to what came before; null for none.</returns>
    public Contradiction? See(Verdict verdict)
    {
        ArgumentNullException.ThrowIfNull(verdict);
        Contradiction? found = null;
        foreach (var attest in verdict.Signed)
        {
            found ??= See(attest);
        }

        return found;
    }

    private Contradiction? See(HopAttest attest)
    {
        var value = attest.Value;
        var question = new Question(
            attest.Envelope.Signatures[0].Kid, value.Epoch, value.Role, value.Home, value.Policy, value.Subject,
            value.Scope.Text);
        lock (_gate)
        {
            if (_decided.TryGetValue(question, out var before))
            {
                return before.Decision == value.Decision
                    ? null
                    : new Contradiction(
                        ContradictionKind.Attests, value.Segment, before.Attest, attest.Envelope);
            }

            Add(value.Segment, question, value.Decision, attest.Envelope);
            return null;
        }
    }

    private void Add(Digest segment, Question question, string decision, Envelope attest)
    {
        var size = attest.Payload.Length;
        while (_decided.Count > 0 && (_decided.Count >= most || _bytes + size > _mostBytes))
        {
            Forget();
        }

        if (!_shares.TryGetValue(segment, out var share))
        {
            _shares[segment] = share = new Share();
        }

        share.Order.Enqueue(question);
        share.Bytes += size;
        _bytes += size;
        _decided[question] = (decision, attest);
    }

    private void Forget()
    {
        var (segment, share) = _shares.MaxBy(one => one.Value.Bytes);
        _decided.Remove(share.Order.Dequeue(), out var gone);
        share.Bytes -= gone.Attest.Payload.Length;
        _bytes -= gone.Attest.Payload.Length;
        if (share.Order.Count == 0)
        {
            _shares.Remove(segment);
        }
    }

    // What is remembered of one segment's anchors, the oldest first.
    private sealed class Share
    {
        internal Queue<Question> Order { get; } = new();

        internal long Bytes { get; set; }
    }

    private readonly record struct Question(
        Digest Kid, long Epoch, string Role, Digest Home, Digest Policy, Digest? Subject, string Scope);
}
