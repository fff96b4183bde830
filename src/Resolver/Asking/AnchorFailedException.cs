using Fairlead.Naming;

namespace Fairlead.Resolver.Asking;

/// <summary>One anchor gave no usable answer; <see cref="Refusal"/> names why.</summary>
public sealed class AnchorFailedException : Exception
{
    /// <summary>An anchor failed in transport, or what it said was refused.</summary>
    /// <param name="refusal">Why.</param>
    /// <param name="inner">The failed call, where it was one.</param>
    /// <param name="isNotYet">Whether the anchor itself said that it cannot answer yet.</param>
    public AnchorFailedException(Refusal refusal, Exception? inner = null, bool isNotYet = false)
        : base(refusal?.ToString(), inner) => (Refusal, IsNotYet) = (refusal!, isNotYet);

    /// <summary>Whether the anchor is there and only has no answer yet: no reason not to ask it again.</summary>
    public bool IsNotYet { get; }

    /// <summary>Why.</summary>
    public Refusal Refusal { get; }

    /// <summary>Whether it says nothing of what was asked for, so that a later try may do better.</summary>
    public bool IsTransport => StaleRule.IsTransport(Refusal.Failure);
}
