using System.Collections.Immutable;
using static Fairlead.Naming.VerificationFailure;

namespace Fairlead.Naming.Traversal;

/// <summary>V59: the slices that came are those the record names and the constraints admit, each exactly so.</summary>
internal static class SliceStep
{
    internal static Refusal? Check(
        VerificationContext context, Record record, ImmutableArray<Parsed<Slice>> slices, bool mustHoldHost)
    {
        var at = 0;
        var hostSeen = false;
        var host = context.Service.Host;
        foreach (var head in record.Slices)
        {
            if (!Admitted(context, head.Region))
            {
                continue;
            }

            if (at == slices.Length || slices[at].Digest != head.Digest)
            {
                return new Refusal(SliceMismatch, $"slices[{at}]", $"not the slice {head.Digest}");
            }

            var slice = slices[at].Value;
            if (Differs(slice, head, record) is { } member)
            {
                return new Refusal(SliceMismatch, $"slices[{at}].{member}", "not what the record says");
            }

            foreach (var endpoint in slice.Endpoints)
            {
                hostSeen |= endpoint.Host is not null && endpoint.Host == host;
            }

            at++;
        }

        if (at < slices.Length)
        {
            return new Refusal(
                SliceMismatch, $"slices[{at}]", "a slice that the record does not name or that is not admitted");
        }

        if (host is null || hostSeen == mustHoldHost)
        {
            return null;
        }

        return mustHoldHost
            ? new Refusal(SliceMismatch, "slices", $"no endpoint is the host {host}")
            : new Refusal(IncompleteDenial, "slices", $"an endpoint is the host {host}");
    }

    /// <summary>Whether every decision on the path admits the region.</summary>
    private static bool Admitted(VerificationContext context, string? region)
    {
        foreach (var hop in context.Hops)
        {
            foreach (var attest in hop.Attests)
            {
                if (!RuleDecision.Admits(attest.Value.Constraints, region))
                {
                    return false;
                }
            }
        }

        return true;
    }

    private static string? Differs(Slice slice, SliceReference head, Record record) =>
        slice.Endpoints.Length != head.Count ? "count"
        : slice.Name != record.Name ? "name"
        : slice.Region != head.Region ? "region"
        : slice.Ports.Length != record.Ports.Length ? "ports"
        : null;
}
