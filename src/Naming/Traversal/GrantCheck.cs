using static Fairlead.Naming.VerificationFailure;

namespace Fairlead.Naming.Traversal;

/// <summary>
/// V48: whether a consumer's Grant holds here, as the target's anchor asks before it decides. Pure, thread-safe.
/// </summary>
public static class GrantCheck
{
    /// <summary>Judges one Grant for one name.</summary>
    /// <param name="envelope">The Grant as it came.</param>
    /// <param name="home">The verified chain of the segment that it names as home.</param>
    /// <param name="floor">The floor in this segment's leaf about that home; null where the home is this
    /// segment.</param>
    /// <param name="audience">This segment.</param>
    /// <param name="connection">The kid of the key that this connection proved.</param>
    /// <param name="name">The service part asked for; null where the Grant only opens a stream.</param>
    /// <param name="now">One fixed moment, in unix milliseconds.</param>
    /// <param name="delta">The clock tolerance, in milliseconds.</param>
    /// <param name="grant">The Grant, where it holds.</param>
    /// <param name="cache">What was verified before.</param>
    /// <returns>
    /// A form error, <see cref="EpochExpired"/>, <see cref="BelowLinkFloor"/>, <see cref="FloorMismatch"/>,
    /// <see cref="GrantAudience"/>, <see cref="GrantReplayed"/>, <see cref="GrantExpired"/>,
    /// <see cref="GrantForeignSubject"/>, or null.
    /// </returns>
    public static Refusal? Check(
        Envelope envelope,
        SegmentState home,
        Floor? floor,
        Digest audience,
        Digest connection,
        ServicePart? name,
        long now,
        long delta,
        out Parsed<Grant>? grant,
        VerifiedCache? cache = null)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        ArgumentNullException.ThrowIfNull(home);
        grant = null;
        if (envelope.Payload.Length > Limits.EnvelopeBytes)
        {
            return new Refusal(TooLarge, "grant", $"{envelope.Payload.Length} bytes");
        }

        if (!Document.TryParse<Grant>(envelope.Payload, out var parsed, out var form))
        {
            return form.At("grant");
        }

        var refusal = Signer(envelope, parsed, home, new SignatureChecks(cache))
            ?? EpochChain.CheckNewest(home, floor, now, delta)
            ?? Terms(parsed.Value, audience, connection, name, now, delta);
        grant = refusal is null ? parsed : null;
        return refusal?.At("grant");
    }

    // A subject belongs to its own segment: only that segment's current anchors speak for it.
    private static Refusal? Signer(
        Envelope envelope, Parsed<Grant> grant, SegmentState home, SignatureChecks signatures) =>
        grant.Value.Home != home.Genesis
            ? new Refusal(GrantForeignSubject, "home", "the grant names another home")
            : CertificateCheck.Statement(
                envelope, grant.Digest, home.Newest.Value, GrantForeignSubject, signatures, out var signer)
                ?? (home.IsQuarantined ? new Refusal(SegmentQuarantined, "home", "its quorum contradicted itself")
                    : home.IsExcluded(signer!.Id)
                        ? new Refusal(AnchorExcluded, "home", $"{signer.Id} contradicted itself in this epoch")
                    : null);

    private static Refusal? Terms(
        Grant grant, Digest audience, Digest connection, ServicePart? name, long now, long delta)
    {
        if (grant.Audience != audience)
        {
            return new Refusal(GrantAudience, "audience", $"for {grant.Audience}");
        }

        if (grant.Tls != connection)
        {
            return new Refusal(GrantReplayed, "tls", "bound to another connection's key");
        }

        if (grant.Expires <= now + delta
            || grant.Issued > now + delta
            || grant.Expires - grant.Issued > Limits.GrantLife)
        {
            return new Refusal(GrantExpired, "expires", $"from {grant.Issued} to {grant.Expires}, now {now}");
        }

        return name is null || Covers(grant, name)
            ? null
            : new Refusal(GrantForeignSubject, "names", $"{name} is not granted");
    }

    private static bool Covers(Grant grant, ServicePart name)
    {
        if (grant.Names.IsDefaultOrEmpty)
        {
            return true;
        }

        foreach (var pattern in grant.Names)
        {
            if (pattern.Matches(name))
            {
                return true;
            }
        }

        return false;
    }
}
