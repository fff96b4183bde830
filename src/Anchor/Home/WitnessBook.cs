using Fairlead.Governance;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;

namespace Fairlead.Anchor.Home;

/// <summary>
/// The newest certified seals of other segments that this anchor verified in answers, which its own segment may witness
/// (V42), and the check of those that other anchors saw. Thread-safe; what it reads of the verifier's state never
/// waits.
/// </summary>
/// <param name="keeper">The chains of other segments.</param>
/// <param name="cache">What was verified before.</param>
/// <param name="openings">Draws the openings of Witness leaves.</param>
internal sealed class WitnessBook(StateKeeper keeper, VerifiedCache cache, Func<Hex16> openings) : IWitnesses
{
    private readonly Lock _gate = new();
    private readonly Dictionary<Digest, (SealPosition Place, SeenSeal Seen)> _seen = [];

    /// <inheritdoc/>
    public IReadOnlyList<SeenSeal> Seen
    {
        get
        {
            lock (_gate)
            {
                return [.. _seen.Values.Select(one => one.Seen).OrderBy(seen => seen.At)];
            }
        }
    }

    /// <summary>A seal was verified, and what followed from it is durable.</summary>
    /// <param name="segment">Whose it is.</param>
    /// <param name="certificate">The seal with its signatures.</param>
    /// <param name="place">Its place.</param>
    /// <param name="now">Unix milliseconds.</param>
    internal void Note(Digest segment, Envelope certificate, SealPosition place, long now)
    {
        lock (_gate)
        {
            if (_seen.TryGetValue(segment, out var held) && place.Order(held.Place) <= 0)
            {
                return;
            }

            _seen[segment] = (place, new SeenSeal(certificate, now, openings()));
            if (_seen.Count > SealLimits.Witnesses)
            {
                _seen.Remove(_seen.MinBy(one => one.Value.Seen.At).Key);
            }
        }
    }

    /// <inheritdoc/>
    public Refusal? Check(Envelope certificate, Parsed<Seal> seal)
    {
        ArgumentNullException.ThrowIfNull(seal);
        var it = seal.Value;
        if (keeper.Durable.Segments.GetValueOrDefault(it.Segment) is not { } chain
            || chain.EpochOf(it.Epoch) is not { } epoch)
        {
            return new Refusal(
                VerificationFailure.EpochUnknown, "", $"epoch {it.Epoch} of {it.Segment} is not known here");
        }

        return epoch.Digest != it.EpochDigest
            ? new Refusal(VerificationFailure.EpochDigestMismatch, "", $"not the digest of epoch {it.Epoch}")
            : it.Expires - it.Issued > epoch.Value.Policy.SealValidity || it.Expires > epoch.Value.Expires
                ? new Refusal(VerificationFailure.SealValidityTooLong, "", $"valid for {it.Expires - it.Issued} ms")
                : CertificateCheck.Seal(certificate, seal, epoch.Value, new SignatureChecks(cache), out _);
    }
}
