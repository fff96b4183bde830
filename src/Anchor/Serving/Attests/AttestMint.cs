using Fairlead.Naming;

namespace Fairlead.Anchor.Serving;

/// <summary>
/// Signs this anchor's decisions, and signs the same decision again only when half of its life is gone, a denial after
/// a second; and where the clock is behind what was signed, which nobody would take then. Bounded. Thread-safe.
/// </summary>
internal sealed class AttestMint(ISigner sealKey)
{
    private const int KeptMax = 10_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<AttestKey, MintedAttest> _kept = [];

    /// <summary>The kid of the key that signs.</summary>
    internal Digest Kid => sealKey.Key.Kid;

    /// <summary>An Attest for a decision, before its time to renew.</summary>
    /// <param name="view">The own segment.</param>
    /// <param name="terms">Role, decision and what it is about.</param>
    /// <param name="now">Unix milliseconds.</param>
    internal MintedAttest Sign(SegmentView view, AttestTerms terms, long now)
    {
        var key = AttestKey.Of(view, terms);
        lock (_gate)
        {
            if (_kept.TryGetValue(key, out var kept) && now < kept.RenewAt && now >= kept.Issued)
            {
                return kept;
            }
        }

        var attest = Document.Make(terms.Draft(view, now));
        var minted = new MintedAttest(
            Envelope.Sign(attest, sealKey), attest.Value.Issued, attest.Value.Expires, attest.Value.Renew);
        lock (_gate)
        {
            if (_kept.Count >= KeptMax)
            {
                _kept.Clear();
            }

            _kept[key] = minted;
        }

        return minted;
    }
}
