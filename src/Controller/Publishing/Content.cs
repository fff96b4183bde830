using Fairlead.Naming;

namespace Fairlead.Controller.Publishing;

/// <summary>What a record says, without what changes from version to version. Two contents of one name are the same iff
/// their fingerprints are. Immutable.</summary>
internal abstract record Content(string Name, Digest Fingerprint)
{
    /// <summary>Whether <paramref name="published"/> has more parts that stand apart from the rest in the manifests, so
    /// that one may not have been read.</summary>
    public virtual bool IsShortOf(Content published) => false;
}
