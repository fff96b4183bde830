using Fairlead.Controller.Publishing;
using Fairlead.Naming;

namespace Fairlead.Controller.Documents;

/// <summary>
/// A Set, a bundle or a gateway with everything that changes from version to version (version, times, opening) set to
/// zero. Immutable.
/// </summary>
/// <typeparam name="T">The leaf.</typeparam>
internal sealed record LeafContent<T> : Content
    where T : PublishedLeaf, IDocument<T>
{
    /// <summary>The content of a leaf.</summary>
    public LeafContent(T leaf)
        : this(new EntryKey(leaf.Class, leaf.LeafName), Zeroed(leaf))
    {
    }

    private LeafContent(EntryKey key, T template)
        : base(key.Text, Document.Make(template).Digest) => Template = template;

    /// <summary>The leaf with zeros.</summary>
    public T Template { get; }

    private static T Zeroed(T leaf) =>
        (T)((PublishedLeaf)leaf with { Expires = 0, Issued = 0, Opening = default, Version = 0 });
}
