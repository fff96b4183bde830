using Fairlead.Naming;

namespace Fairlead.Controller.Publishing;

/// <summary>A version to be signed. Immutable.</summary>
/// <param name="Content">What it says; null withdraws the name.</param>
/// <param name="Leaf">Name, uid, version and expiry, with the same content.</param>
/// <param name="Issued">The issue that it names, unix ms: no earlier than that of the version before.</param>
internal sealed record Plan(Content? Content, KnownLeaf Leaf, long Issued)
{
    /// <summary>The service part.</summary>
    public string Name => Leaf.Name;

    /// <summary>The name's uid.</summary>
    public Hex16 Uid => Leaf.Uid;

    /// <summary>The version.</summary>
    public long Version => Leaf.Version;

    /// <summary>The expiry, unix ms.</summary>
    public long Expires => Leaf.Expires;
}
