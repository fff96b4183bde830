namespace Fairlead.Identities;

/// <summary>
/// How a pod proves to its home's anchors who it is, where that is not a key on file with them (V50). The proof is
/// renewed under way; whoever holds a stream opened by an older one opens another. Thread-safe.
/// </summary>
public interface IConsumerProof
{
    /// <summary>What is to be shown now: another object after each renewal.</summary>
    ConsumerProof Current { get; }
}
