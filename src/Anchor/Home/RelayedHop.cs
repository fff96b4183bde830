using System.Collections.Immutable;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;

namespace Fairlead.Anchor.Home;

/// <summary>
/// One segment's hop as it is relayed to consumers: what it said once, over its chain as far as that is known now. A
/// floor elsewhere may be raised to an epoch that came after the introduction, so that its chain must not end where it
/// ended then (V30). Immutable but for the log.
/// </summary>
/// <param name="Hop">The hop, without epochs.</param>
/// <param name="Log">The segment's chain from its genesis; that of a hop that answers or denies must not grow
/// (V16).</param>
internal sealed record RelayedHop(UnverifiedHop Hop, EpochLog Log)
{
    private readonly int _under = Hop.Seal is { } seal && Document.TryParse<Seal>(seal.Payload, out var parsed, out _)
        && parsed.Value.Epoch < Limits.ChainEpochs
            ? (int)parsed.Value.Epoch
            : int.MaxValue;

    /// <summary>Whether it leads on: its seal may stand under an epoch that is not the newest (V16).</summary>
    internal bool Introduces { get; init; }

    /// <summary>The segment's chain from its genesis.</summary>
    internal ImmutableArray<EpochDocument> Epochs => Log.All;

    /// <summary>The same hop over its chain as it is now.</summary>
    internal RelayedHop Frozen() => this with { Log = EpochLog.Of(Epochs) };

    /// <summary>
    /// The hop with the epochs that continue what an asker holds. Where it introduces, the one that its seal stands
    /// under goes along: of epochs between that and the newest the asker keeps few as documents.
    /// </summary>
    /// <param name="known">The newest epoch that it holds; null for none.</param>
    internal UnverifiedHop After(long? known)
    {
        var epochs = Epochs;
        if (known is not { } number)
        {
            return Hop with { Epochs = epochs };
        }

        var next = (int)Math.Min(number + 1, epochs.Length);
        var fresh = epochs[next..];
        return Hop with
        {
            Epochs = Introduces && _under < next && _under < Math.Max(number, epochs.Length - 1)
                ? fresh.Insert(0, epochs[_under])
                : fresh,
        };
    }

    /// <summary>
    /// The hop as a verifier needs it that holds the chain and maybe no longer the document of the epoch that the seal
    /// stands under: this anchor's own, or one that the chain was shown to page by page.
    /// </summary>
    internal UnverifiedHop ForVerifier()
    {
        var epochs = Epochs;
        return _under < epochs.Length ? Hop with { Epochs = [epochs[_under]] } : Hop;
    }
}
