using Fairlead.Naming;

namespace Fairlead.Anchor.Serving;

/// <summary>As many Attests of one decision as the epoch wants, ascending by kid (V33). Immutable.</summary>
/// <param name="Envelopes">The Attests.</param>
/// <param name="Expires">When the first of them ends, in unix milliseconds.</param>
internal sealed record AttestSet(IReadOnlyList<Envelope> Envelopes, long Expires)
{
    internal static AttestSet Of(IEnumerable<MintedAttest> attests)
    {
        var sorted = attests.OrderBy(attest => attest.Kid).ToList();
        return new AttestSet([.. sorted.Select(attest => attest.Envelope)], sorted.Min(attest => attest.Expires));
    }
}
