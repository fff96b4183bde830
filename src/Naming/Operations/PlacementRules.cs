namespace Fairlead.Naming.Operations;

/// <summary>
/// V49 about op-made leaves under each of the segment's names, and how much one operation may do. Stateless,
/// thread-safe.
/// </summary>
internal static class PlacementRules
{
    internal static Refusal? Check(EpochGround ground, Epoch epoch, OperationLeaves after)
    {
        if (PlaceRules.Check(ground.Names, epoch, ground.Leaves, after) is { } misplaced)
        {
            return misplaced;
        }

        var links = 0;
        foreach (var (key, leaf) in after.Leaves)
        {
            if (ground.Leaves.Leaves.GetValueOrDefault(key)?.Commitment == leaf.Commitment)
            {
                continue;
            }

            links += leaf.Document is Link ? 1 : 0;
            var refusal = leaf.Document switch
            {
                Peer peer when peer.Genesis == ground.Genesis =>
                    new Refusal(VerificationFailure.NameConflict, "", "a segment is no peer of itself"),
                Credential credential => CheckCredential(epoch, credential),
                _ => null,
            };
            if (refusal is not null)
            {
                return refusal.At($"{key.Class} {key.Name}");
            }
        }

        return links > Limits.LinksPerEpoch
            ? new Refusal(VerificationFailure.TooLarge, "manifest", $"{links} Links, at most {Limits.LinksPerEpoch}")
            : null;
    }

    private static Refusal? CheckCredential(Epoch epoch, Credential credential) =>
        credential.Expires - epoch.Issued is > 0 and <= Limits.CredentialLife && credential.MaxTtl <= Limits.TtlMax
            ? null
            : new Refusal(
                VerificationFailure.PolicyOutOfRange,
                "",
                $"a life of {credential.Expires - epoch.Issued} ms or a max_ttl of {credential.MaxTtl}");
}
