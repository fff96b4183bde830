using Fairlead.Naming;
using Fairlead.Naming.Traversal;

namespace Fairlead.Resolver;

/// <summary>What can happen to the cache.</summary>
public abstract record CacheInput
{
    private CacheInput()
    {
    }

    /// <summary>Somebody uses the name from now on, or still does: said again of a name that is used, so that it
    /// does not leave for others as if it were not.</summary>
    public sealed record Want(string Name) : CacheInput;

    /// <summary>Nobody uses the name any more.</summary>
    public sealed record Forget(string Name) : CacheInput;

    /// <summary>An anchor's answer passed every check, and the verifier's state is durable (V39).</summary>
    /// <param name="Name">The name.</param>
    /// <param name="Anchor">The home anchor that relayed it.</param>
    /// <param name="Answer">The answer.</param>
    public sealed record Accepted(string Name, int Anchor, VerifiedAnswer Answer) : CacheInput
    {
        /// <summary>What the answer takes of the memory, in bytes.</summary>
        public long Bytes { get; init; }
    }

    /// <summary>
    /// What came of a <see cref="CacheOutput.Hedge"/>: another anchor than the one that is silent answered, once and
    /// without a subscription. Each has exactly one.
    /// </summary>
    /// <param name="Name">The name.</param>
    /// <param name="Answer">Verified and durable as that of <see cref="Accepted"/> is; null where none came.</param>
    public sealed record Hedged(string Name, VerifiedAnswer? Answer) : CacheInput
    {
        /// <summary>What the answer takes of the memory, in bytes.</summary>
        public long Bytes { get; init; }
    }

    /// <summary>
    /// An answer from before a restart, every part of which was verified again: served as long as it may be, and asked
    /// for anew at once. Nothing where anything was answered since.
    /// </summary>
    /// <param name="Name">The name.</param>
    /// <param name="Answer">The answer, as of when it was first verified.</param>
    /// <param name="SealedSince">As <see cref="CachedName.SealedSince"/>.</param>
    public sealed record Restored(string Name, VerifiedAnswer Answer, long SealedSince) : CacheInput
    {
        /// <summary>What the answer takes of the memory, in bytes.</summary>
        public long Bytes { get; init; }
    }

    /// <summary>
    /// The verifier knows a newer epoch of a segment, or holds the first seal under one that it knew (trust 4.7).
    /// </summary>
    /// <param name="Segment">What it holds of the segment now.</param>
    public sealed record Learned(SegmentState Segment) : CacheInput;

    /// <summary>An anchor's answer failed a check.</summary>
    public sealed record Refused(string Name, int Anchor, Refusal Refusal) : CacheInput;

    /// <summary>
    /// An anchor gave no answer for one name: an error that is worth another try (<c>Behind</c>, <c>NotSealed</c>,
    /// <c>RateLimited</c>), or any other that it named. It says nothing of the anchor's other names.
    /// </summary>
    public sealed record Failed(string Name, int Anchor, Refusal Reason) : CacheInput;

    /// <summary>An anchor's stream is over, and with it every subscription there.</summary>
    public sealed record Lost(int Anchor, Refusal Reason) : CacheInput;

    /// <summary>There are this many anchors to ask; never fewer than before.</summary>
    public sealed record Anchors(int Count) : CacheInput;

    /// <summary>Another anchor has an index from now on; nothing is known of it.</summary>
    /// <param name="Anchor">The index.</param>
    /// <param name="Reason">Why the one before is left.</param>
    public sealed record Replaced(int Anchor, Refusal Reason) : CacheInput;

    /// <summary>Time passed.</summary>
    public sealed record Tick : CacheInput
    {
        /// <summary>The only one.</summary>
        public static Tick Instance { get; } = new();
    }
}
