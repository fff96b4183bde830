using System.Collections.Immutable;
using Fairlead.Naming;

namespace Fairlead.Cli.Ceremony;

/// <summary>What an epoch's operation writes among the op-made leaves.</summary>
internal static class OperationManifest
{
    /// <summary>The manifest that writes these leaves.</summary>
    internal static Parsed<Manifest> Of(IEnumerable<ParsedLeaf> leaves) => Document.Make(new Manifest
    {
        Changes =
        [
            .. leaves
                .OrderBy(leaf => leaf.Class)
                .ThenBy(leaf => leaf.Name, StringComparer.Ordinal)
                .Select(leaf => new ManifestChange
                {
                    Class = (long)leaf.Class,
                    Digest = leaf.Commitment,
                    Name = leaf.Name,
                }),
        ],
    });

    /// <summary>The leaves as they travel beside the manifest.</summary>
    internal static ImmutableArray<(LeafClass Class, ReadOnlyMemory<byte> Payload)> Written(
        IEnumerable<ParsedLeaf> leaves) =>
        [.. leaves.Select(leaf => (leaf.Class, leaf.Payload))];
}
