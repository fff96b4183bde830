using System.Collections.Immutable;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;

namespace Fairlead.Anchor.Serving;

/// <summary>
/// Leaves out of an answer the slices that a decision on its path does not admit (4.1 Rules, V59): the target sends
/// what its own decision admits, and knows nothing of those of the home and of transits. Stateless, thread-safe.
/// </summary>
internal static class Residency
{
    /// <summary>The answer as every hop of it admits it. One for a host of which no slice is left says that the host is
    /// not there, as the target does of a region that it does not admit itself.</summary>
    /// <param name="whole">The answer with all its hops; nothing of it needs to be verified.</param>
    internal static UnverifiedAnswer Admitted(UnverifiedAnswer whole)
    {
        if (whole.Slices.IsEmpty || Bounds(whole) is not { Count: > 0 } bounds)
        {
            return whole;
        }

        var slices = whole.Slices.Where(payload => IsAdmitted(payload, bounds)).ToImmutableArray();
        return slices.Length == whole.Slices.Length
            ? whole
            : whole with
            {
                Slices = slices,
                Result = IsWithoutHost(whole, slices) ? AnswerResult.Negative : whole.Result,
            };
    }

    private static List<Constraints> Bounds(UnverifiedAnswer whole)
    {
        var bounds = new List<Constraints>();
        foreach (var attest in whole.Hops.SelectMany(hop => hop.Attests))
        {
            // Few decisions have regions; a payload holds no such text elsewhere, for a string has no quotes.
            if (attest.Payload.Span.IndexOf("\"regions\":"u8) >= 0
                && Document.TryParse<Attest>(attest.Payload, out var parsed, out _)
                && parsed.Value.Constraints is { } constraints)
            {
                bounds.Add(constraints);
            }
        }

        return bounds;
    }

    // What cannot be read is the verifier's to refuse.
    private static bool IsAdmitted(ReadOnlyMemory<byte> payload, List<Constraints> bounds) =>
        !Document.TryParse<Slice>(payload, out var slice, out _)
        || bounds.TrueForAll(one => RuleDecision.Admits(one, slice.Value.Region));

    private static bool IsWithoutHost(UnverifiedAnswer whole, ImmutableArray<ReadOnlyMemory<byte>> slices) =>
        whole.Result == AnswerResult.Record
        && Document.TryParse<Query>(whole.Query, out var query, out _)
        && query.Value.Name.Service?.Host is { } host
        && !slices.Any(payload => Document.TryParse<Slice>(payload, out var slice, out _)
            && slice.Value.Endpoints.Any(endpoint => endpoint.Host == host));
}
