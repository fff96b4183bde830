using System.Collections.Immutable;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;

namespace Fairlead.Anchor.Serving;

/// <summary>
/// Answers for names of the own segment. The decision is made before anything is looked up, from the query alone, so
/// that a denial says nothing about what exists (4.1 Rules). Pure but for signing.
/// </summary>
internal static class TargetAnswers
{
    /// <summary>The own segment's hop for one name.</summary>
    /// <param name="view">The own segment.</param>
    /// <param name="attests">The decisions.</param>
    /// <param name="consumer">Who asks.</param>
    /// <param name="service">The name within this segment.</param>
    /// <param name="child">The label of the child from which the path comes up; null where it does not.</param>
    /// <param name="kind">How the traversal comes here; HOME where the asker is at home here.</param>
    /// <param name="knownEpoch">The newest epoch that the asker holds; null for none.</param>
    /// <param name="now">Unix milliseconds.</param>
    /// <param name="refusal">
    /// Why there is no answer: <c>AttestationMissing</c>, or <c>RecordExpired</c> until a seal drops a record that is
    /// over: no verifier takes it, and nobody can prove that it is not there.
    /// </param>
    internal static BuiltAnswer? Build(
        SegmentView view,
        AttestBook attests,
        Consumer consumer,
        ServicePart service,
        string? child,
        HopKind kind,
        long? knownEpoch,
        long now,
        out Refusal? refusal)
    {
        var terms = AttestTerms.OfTarget(view, consumer, service);
        if (attests.Take(view, terms, now, out refusal) is not { } attested)
        {
            return null;
        }

        if (!terms.IsAllowed)
        {
            return BuiltAnswer.Denied(view, kind, knownEpoch, attested);
        }

        var builder = new HopBuilder(view);
        if (terms.Decision is { Rule: { } rule, MayShow: true })
        {
            builder.Prove(LeafClass.Rule, rule.Value.Id);
        }

        builder.ProveBack(child);
        var (result, slices, end) = Look(view, builder, service, terms.Decision.Constraints, now);
        if (LeafEnd.Over(service.Text, end, view, now) is { } over)
        {
            refusal = over;
            return null;
        }

        var hop = builder.Build(kind, knownEpoch, attested.Envelopes);
        return new BuiltAnswer(hop, result, slices, [.. builder.Names], BuiltAnswer.OldestExpiry(view, attested))
        {
            LeavesEnd = end,
        };
    }

    /// <summary>The slices of a record that a decision admits, in the record's order; none where there is no such
    /// record.</summary>
    internal static ImmutableArray<ReadOnlyMemory<byte>> AdmittedSlices(
        SegmentView view, ServicePart service, Constraints? constraints)
    {
        var entry = view.Entry(new LeafName(LeafClass.Record, service.WithoutHost.Text));
        return entry is not null && Document.TryParse<Record>(entry.Leaf, out var record, out _)
            ? [.. Admitted(record.Value, entry.Source.Slices.Count, constraints).Select(i => entry.Source.Slices[i])]
            : [];
    }

    private static (AnswerResult Result, ImmutableArray<ReadOnlyMemory<byte>> Slices, long End) Look(
        SegmentView view, HopBuilder builder, ServicePart service, Constraints? constraints, long now)
    {
        var bare = service.WithoutHost;
        builder.Prove(LeafClass.Record, bare.Text);
        var entry = view.Entry(new LeafName(LeafClass.Record, bare.Text));
        if (entry is null || !Document.TryParse<Record>(entry.Leaf, out var record, out _))
        {
            // V24: absent as record, as redirect, and below every link.
            builder.Prove(LeafClass.Redirect, bare.Text);
            foreach (var at in bare.LinkPoints)
            {
                builder.Prove(LeafClass.Link, at);
            }

            return (AnswerResult.Negative, [], long.MaxValue);
        }

        // A host of a region that is not admitted does not exist for the asker, and the slice it is in is not shown.
        var admitted = Admitted(record.Value, entry.Source.Slices.Count, constraints);
        ImmutableArray<ReadOnlyMemory<byte>> slices = [.. admitted.Select(i => entry.Source.Slices[i])];
        var isThere = service.Host is not { } host || HasHost(slices, host);
        var end = isThere ? NeededLeaves.Prove(view, builder, record.Value, entry, admitted, now) : long.MaxValue;
        return (
            isThere ? AnswerResult.Record : AnswerResult.Negative, slices, Math.Min(record.Value.Expires, end));
    }

    private static bool HasHost(ImmutableArray<ReadOnlyMemory<byte>> slices, string host) =>
        slices.Any(payload => Document.TryParse<Slice>(payload, out var slice, out _)
            && slice.Value.Endpoints.Any(endpoint => endpoint.Host == host));

    // Slices of regions that a constraint does not admit are not sent.
    private static List<int> Admitted(Record record, int count, Constraints? constraints) =>
        [.. Enumerable.Range(0, count).Where(i => RuleDecision.Admits(constraints, record.Slices[i].Region))];
}
