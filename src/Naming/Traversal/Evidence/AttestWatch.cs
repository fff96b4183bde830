namespace Fairlead.Naming.Traversal;

/// <summary>
/// Remembers what anchors decided, as far as answers brought it, and finds one that decided the same question in two
/// ways under one policy (V38). Holds verified statements alone, the newest ones: bounded. Thread-safe.
/// </summary>
/// <param name="most">The most questions remembered.</param>
public sealed class AttestWatch(int most = 1024)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<Question, (string Decision, Envelope Attest)> _decided = [];
    private readonly Queue<Question> _order = new();

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
            if (!_decided.TryGetValue(question, out var before))
            {
                Add(question);
            }
            else if (before.Decision != value.Decision)
            {
                return new Contradiction(
                    ContradictionKind.Attests, value.Segment, before.Attest, attest.Envelope);
            }

            _decided[question] = (value.Decision, attest.Envelope);
            return null;
        }
    }

    private void Add(Question question)
    {
        if (_decided.Count >= most)
        {
            _decided.Remove(_order.Dequeue());
        }

        _order.Enqueue(question);
    }

    private readonly record struct Question(
        Digest Kid, long Epoch, string Role, Digest Home, Digest Policy, Digest? Subject, string Scope);
}
