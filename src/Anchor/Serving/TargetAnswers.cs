using System.Collections.Immutable;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;

namespace Fairlead.Anchor.Serving;

/// <summary>
/// Answers for names of the own segment. The decision is made before anything is looked up, from the query alone, so that a
/// denial says nothing about what exists (4.1 Rules). Pure but for signing.
/// </summary>
internal static class TargetAnswers
{
    /// <summary>The own segment's hop for one name.</summary>
    /// <param name="view">The own segment.</param>
    /// <param name="mint">Signs the decision.</param>
    /// <param name="consumer">Who asks.</param>
    /// <param name="service">The name within this segment.</param>
    /// <param name="kind">How the traversal comes here; HOME where the asker is at home here.</param>
    /// <param name="knownEpoch">The newest epoch that the asker holds; null for none.</param>
    /// <param name="now">Unix milliseconds.</param>
    internal static BuiltAnswer Build(
        SegmentView view, AttestMint mint, Consumer consumer, ServicePart service, HopKind kind, long? knownEpoch, long now)
    {
        var decision = RuleDecision.ForService(view.Rules, view.Genesis, consumer.Home, consumer.Subject, service.WithoutHost);
        var pattern = NamePattern.Parse(service.WithoutHost.Text);
        var terms = new AttestTerms(
            "target", decision.IsAllowed ? "allow" : "deny", consumer.Home, consumer.Digest, pattern, null,
            decision.Rule?.Digest, decision.Constraints);
        var attest = mint.Sign(view, terms, now);
        if (!decision.IsAllowed)
        {
            var denial = HopBuilder.Denial(view, kind, knownEpoch, attest.Envelope);
            return new BuiltAnswer(denial, AnswerResult.Denied, [], [], now + Limits.DenyLife);
        }

        var builder = new HopBuilder(view);
        if (decision.Rule is { } rule && decision.MayShow)
        {
            builder.Prove(LeafClass.Rule, rule.Value.Id);
        }

        var (result, slices) = Look(view, builder, service, decision.Constraints);
        var hop = builder.Build(kind, knownEpoch, [attest.Envelope]);
        return new BuiltAnswer(hop, result, slices, [.. builder.Names], OldestExpiry(view, attest));
    }

    /// <summary>The earlier end of the view's seal and an Attest.</summary>
    internal static long OldestExpiry(SegmentView view, MintedAttest attest) =>
        Math.Min(view.Certified.Seal.Expires, attest.Expires);

    private static (AnswerResult Result, ImmutableArray<ReadOnlyMemory<byte>> Slices) Look(
        SegmentView view, HopBuilder builder, ServicePart service, Constraints? constraints)
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

            return (AnswerResult.Negative, []);
        }

        if (service.Host is { } host)
        {
            return HasHost(entry.Source.Slices, host)
                ? (AnswerResult.Record, Admitted(record.Value, entry.Source.Slices, constraints))
                : (AnswerResult.Negative, [.. entry.Source.Slices]);
        }

        return (AnswerResult.Record, Admitted(record.Value, entry.Source.Slices, constraints));
    }

    private static bool HasHost(IReadOnlyList<ReadOnlyMemory<byte>> slices, string host) =>
        slices.Any(payload => Document.TryParse<Slice>(payload, out var slice, out _)
            && slice.Value.Endpoints.Any(endpoint => endpoint.Host == host));

    // Slices of regions that a constraint does not admit are not sent.
    private static ImmutableArray<ReadOnlyMemory<byte>> Admitted(
        Record record, IReadOnlyList<ReadOnlyMemory<byte>> slices, Constraints? constraints) =>
        [.. slices.Where((_, i) => RuleDecision.Admits(constraints, record.Slices[i].Region))];
}
