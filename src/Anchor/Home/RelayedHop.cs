using System.Collections.Immutable;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;

namespace Fairlead.Anchor.Home;

/// <summary>One segment's hop as it is relayed to consumers. Immutable.</summary>
/// <param name="Hop">The hop, without epochs.</param>
/// <param name="Epochs">The segment's chain from its genesis.</param>
internal sealed record RelayedHop(UnverifiedHop Hop, IReadOnlyList<EpochDocument> Epochs)
{
    /// <summary>The hop with the epochs that continue what an asker holds.</summary>
    /// <param name="known">The newest epoch that it holds; null for none.</param>
    internal UnverifiedHop After(long? known) => Hop with
    {
        Epochs = known is { } number
            ? Epochs.Skip((int)Math.Min(number + 1, Epochs.Count)).ToImmutableArray()
            : [.. Epochs],
    };

    /// <summary>
    /// The hop as a verifier needs it that holds the chain and maybe no longer the document of the epoch that the seal
    /// stands under: this anchor's own, or one that the chain was shown to page by page.
    /// </summary>
    internal UnverifiedHop ForVerifier() =>
        Hop.Seal is { } seal && Document.TryParse<Seal>(seal.Payload, out var parsed, out _)
        && parsed.Value.Epoch < Epochs.Count
            ? Hop with
            {
                Epochs = parsed.Value.Epoch == Epochs.Count - 1
                    ? [Epochs[^1]]
                    : [Epochs[(int)parsed.Value.Epoch], Epochs[^1]],
            }
            : Hop;
}
