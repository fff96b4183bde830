using System.Diagnostics.CodeAnalysis;

namespace Fairlead.Naming.Traversal;

/// <summary>Where the home stands, as more than F of its anchors say, or why that is not known.</summary>
public sealed record HeadVerdict
{
    internal HeadVerdict(VerifierState? next, Refusal? refusal, int held = 0)
    {
        Held = held;
        Next = next;
        Refusal = refusal;
    }

    /// <summary>The state with the home's newest seal as floor; null where the heads were refused.</summary>
    public VerifierState? Next { get; }

    /// <summary>The error; null where the heads were accepted.</summary>
    public Refusal? Refusal { get; }

    /// <summary>How many distinct anchors' heads hold.</summary>
    public int Held { get; }

    /// <summary>Whether the heads were accepted.</summary>
    [MemberNotNullWhen(true, nameof(Next))]
    [MemberNotNullWhen(false, nameof(Refusal))]
    public bool IsAccepted => Next is not null;
}
