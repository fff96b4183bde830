using Fairlead.Naming;

namespace Fairlead.Controller.Publishing;

/// <summary>The newest version of a name that is known: from the anchors' State, or as signed here.
/// Immutable.</summary>
/// <param name="Name">The key: a record's service part, or class and name of a bundle or a gateway.</param>
/// <param name="Uid">A record's uid, kept for good; no other leaf has one.</param>
/// <param name="Version">Its version.</param>
/// <param name="Expires">When it lapses, unix ms.</param>
/// <param name="Content">What it says; null when it is withdrawn.</param>
internal sealed record KnownLeaf(string Name, Hex16 Uid, long Version, long Expires, Content? Content)
{
    /// <summary>Whether nothing but the word of anchors stands for it, without this publisher's signature and a
    /// record's slices: enough to be compared with, and not to be signed.</summary>
    public bool IsClaimed { get; init; }

    /// <summary>Whether it is claimed and not all anchors that were asked say the same of the name: it counts for uid
    /// and version, and not as published.</summary>
    public bool IsDisputed { get; init; }
}
