using Fairlead.Naming;

namespace Fairlead.Governance;

/// <summary>V59 at an anchor: a record travels with exactly the slices it names. Stateless.</summary>
internal static class SliceCheck
{
    internal static Refusal? Check(SignedEntry source, EntryFields fields)
    {
        var references = fields.Record?.Value.Slices ?? [];
        if (source.Slices.Count != references.Length)
        {
            return Refuse($"{source.Slices.Count} slices beside {references.Length} named");
        }

        for (var i = 0; i < references.Length; i++)
        {
            if (!Document.TryParse<Slice>(source.Slices[i], out var slice, out var unreadable))
            {
                return unreadable.At($"slices[{i}]");
            }

            var record = fields.Record!.Value;
            if (slice.Digest != references[i].Digest
                || slice.Value.Endpoints.Length != references[i].Count
                || slice.Value.Region != references[i].Region
                || slice.Value.Name.Text != record.Name.Text
                || slice.Value.Ports.Length != record.Ports.Length)
            {
                return Refuse($"slice {i} is not the one that the record names");
            }
        }

        return null;
    }

    /// <summary>Whether the slices, which hold, are in no more networks than an answer shows Gateways of. For what is
    /// offered alone: what a certified state holds is told as it is.</summary>
    internal static Refusal? CheckNetworks(SignedEntry source)
    {
        var networks = new HashSet<string>(StringComparer.Ordinal);
        foreach (var bytes in source.Slices)
        {
            if (Document.TryParse<Slice>(bytes, out var slice, out _))
            {
                networks.UnionWith(slice.Value.Endpoints.Select(endpoint => endpoint.Network).OfType<string>());
            }
        }

        // An endpoint without its Gateway is worth nothing (V53).
        return networks.Count <= Limits.RecordNetworks
            ? null
            : new Refusal(
                VerificationFailure.PolicyOutOfRange, "slices",
                $"endpoints in {networks.Count} networks, at most {Limits.RecordNetworks} to a record");
    }

    private static Refusal Refuse(string detail) => new(VerificationFailure.SliceMismatch, "slices", detail);
}
