using System.Collections.Immutable;
using static Fairlead.Naming.VerificationFailure;

namespace Fairlead.Naming.Traversal;

/// <summary>
/// The one verifier: decides an answer from the home's genesis outwards, by checks in one fixed order of which the
/// first that fails names the error. Pure: equal inputs give equal verdicts; a refusal changes nothing. Thread-safe.
/// </summary>
public static class AnswerVerifier
{
    /// <summary>Verifies one answer.</summary>
    /// <param name="state">What the verifier remembers.</param>
    /// <param name="query">The query as it was asked (V35).</param>
    /// <param name="answer">The answer as it came.</param>
    /// <param name="now">One fixed moment, in unix milliseconds (V37).</param>
    /// <param name="options">The operator's choices; null for the defaults.</param>
    /// <param name="cache">What was verified before; null to verify everything again.</param>
    /// <returns>The verified answer with the state to make durable before its use (V39), or the first error.</returns>
    public static Verdict Verify(
        VerifierState state,
        Parsed<Query> query,
        UnverifiedAnswer answer,
        long now,
        VerifierOptions? options = null,
        VerifiedCache? cache = null)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(query);
        ArgumentNullException.ThrowIfNull(answer);
        var context = new VerificationContext
        {
            State = state,
            Query = query,
            Options = options ?? VerifierOptions.Default,
            Signatures = new SignatureChecks(cache),
            Now = now,
        };
        return ClockRules.CheckFloor(state, now) is { } clock
            ? new Verdict.Refused(clock)
            : Verify(context, answer);
    }

    private static Verdict Verify(VerificationContext context, UnverifiedAnswer answer)
    {
        if (Question(context, answer) is { } question)
        {
            return new Verdict.Refused(question);
        }

        var (hops, form) = AnswerParser.Hops(answer);
        if (form is not null)
        {
            return new Verdict.Refused(form);
        }

        var (slices, badSlice) = AnswerParser.Slices(answer);
        if ((badSlice ?? ShapeStep.Check(context, answer, hops)) is { } shape)
        {
            return new Verdict.Refused(shape);
        }

        if (Signed(context, hops, answer.Result) is { } hop)
        {
            return new Verdict.Refused(hop)
            {
                Evidence = context.Evidence, Signed = context.Signed, Learned = Learned(context),
            };
        }

        return Content(context, answer.Result, slices) is { } content
            ? new Verdict.Refused(content) { Evidence = context.Evidence, Signed = context.Signed }
            : Accept(context, answer.Result, slices);
    }

    private static Refusal? Question(VerificationContext context, UnverifiedAnswer answer)
    {
        if (!answer.Query.Span.SequenceEqual(context.Query.Payload.Span))
        {
            return new Refusal(QueryMismatch, "query", "the answer is to another query");
        }

        if (context.Query.Value.Home != context.State.Home.Genesis)
        {
            return new Refusal(QueryMismatch, "query", "the query's home is not mine");
        }

        return context.Query.Value.Name.Service is null
            ? new Refusal(BadName, "query", "a segment's name has no answer; it asks for an introduction")
            : null;
    }

    // Everything that asks for signatures, with help where there is some.
    private static Refusal? Signed(VerificationContext context, ImmutableArray<HopInput> hops, AnswerResult result)
    {
        context.Signatures.Start(context.Options.Help, context.State, hops);
        try
        {
            return Hops(context, hops, result);
        }
        finally
        {
            context.Signatures.End();
        }
    }

    private static Refusal? Hops(VerificationContext context, ImmutableArray<HopInput> hops, AnswerResult result)
    {
        NextHop? by = null;
        context.HopCount = hops.Length;
        for (var i = 0; i < hops.Length; i++)
        {
            var hop = new HopFacts(hops[i], i, i == hops.Length - 1)
            {
                Name = by?.Name ?? context.State.Home.Name,
                By = by,
            };
            context.Hops.Add(hop);
            if (Hop(context, hop, i + 1 < hops.Length ? hops[i + 1].Raw : null, result) is { } refusal)
            {
                context.Over ??= refusal.Failure is RecordExpired or AttestationExpired
                    ? refusal.At($"hops[{i}]")
                    : null;
                if (context.Over is null || hop.Leads is null)
                {
                    return context.Over ?? refusal.At($"hops[{i}]");
                }
            }

            by = hop.Leads;
        }

        return context.Over;
    }

    private static VerifierState? Learned(VerificationContext context)
    {
        var next = context.Over is null
            ? context.State
            : context.Chains.Aggregate(context.State, (state, chain) => state.With(chain));
        return ReferenceEquals(next, context.State) ? null : next;
    }

    private static Refusal? Hop(VerificationContext context, HopFacts hop, UnverifiedHop? next, AnswerResult result)
    {
        if ((ChainOf(context, hop) ?? Quarantine(context, hop) ?? FarSide(context, hop)) is { } chain)
        {
            return chain;
        }

        context.Chains.Add(hop.Segment);
        var denied = hop.IsLast && result == AnswerResult.Denied;
        hop.Under = hop.Segment.Newest;
        if (((denied ? null : SealStep.Check(context, hop)?.At("seal"))
            ?? WitnessRules.Check(context, hop)?.At("seal")
            ?? (denied ? null : ProofStep.Check(context, hop, result))) is { } data)
        {
            return data;
        }

        Refusal? path = null;
        if (next is not null)
        {
            (hop.Leads, path) = PathRules.Next(hop, context.TargetSegment, context.Service, next.Kind, next.Genesis);
        }

        return AttestStep.Check(context, hop, denied) ?? NameStep.Check(context, hop, result, path);
    }

    private static Refusal? ChainOf(VerificationContext context, HopFacts hop)
    {
        var home = hop.Index == 0 ? context.State.HomeState : context.Home.Segment;
        var (segment, refusal) = ChainStep.Extend(new ChainRequest
        {
            Genesis = hop.Genesis,
            Held = context.State.Segments.GetValueOrDefault(hop.Genesis),
            Start = context.State.StartOf(hop.Genesis),
            Epochs = hop.Input.Epochs,
            Refused = home?.Newest.Value.Policy.Refuse ?? [],
            Now = context.Now,
            Delta = context.Delta,
            Signatures = context.Signatures,
            IsIntroduction = hop.Index > 0 && !hop.IsLast,
            Spares = context.IsIntroducedBefore(hop),
        }, out var evidence);
        context.Evidence = evidence ?? context.Evidence;
        if (segment is null)
        {
            return refusal;
        }

        hop.Segment = segment;

        // V11 of what was held before the home refused a tag: a segment on the path is worth what it is worth today.
        if (hop.Index > 0 && home is not null
            && QuorumRules.CheckRefused(hop.Newest, home.Newest.Value.Policy.Refuse) is { } worthless)
        {
            return worthless.At("epochs");
        }

        return hop.Newest.Expires <= context.Now + context.Delta
            ? new Refusal(EpochExpired, "epochs", $"epoch {segment.NewestNumber} expired at {hop.Newest.Expires}")
            : null;
    }

    // V38. One that only introduces was believed before its keys were misused, where the target is known already: it
    // must not be able to end what it began.
    private static Refusal? Quarantine(VerificationContext context, HopFacts hop) =>
        !hop.Segment.IsQuarantined || context.IsIntroducedBefore(hop)
            ? null
            : new Refusal(
                SegmentQuarantined, "", $"two certificates of epoch {hop.Segment.NewestNumber} contradict each other");

    // The far side's half of V28, and V30. Upwards the far side speaks by its proofs, which come later.
    private static Refusal? FarSide(VerificationContext context, HopFacts hop)
    {
        if (hop.By is not { } by)
        {
            return null;
        }

        var from = context.Hops[hop.Index - 1].Genesis;
        var accepts = hop.Input.Raw.Kind switch
        {
            HopKind.Peer => hop.Newest.Peers.Contains(from),
            HopKind.Down => hop.Newest.Uplinks.Any(uplink => uplink.Parent == from && uplink.Label == by.Label),
            _ => true,
        };
        return accepts
            ? ChainStep.Contains(hop.Segment, by.Floor)
            : new Refusal(LinkNotAccepted, "epochs", $"epoch {hop.Segment.NewestNumber} does not name {from}");
    }

    private static Refusal? Content(
        VerificationContext context, AnswerResult result, ImmutableArray<Parsed<Slice>> slices)
    {
        if (result == AnswerResult.Denied)
        {
            return null;
        }

        var host = result == AnswerResult.Negative && DenialRules.IsOfHostOnly(context.Last, context.Query.Value);
        if (result == AnswerResult.Set || (result == AnswerResult.Negative && !host))
        {
            return slices.IsEmpty ? null : new Refusal(SliceMismatch, "slices", $"a {result} has none");
        }

        var record = context.Last.Included<Record>(LeafClass.Record, context.Service.WithoutHost.Text)!;
        return (host ? null : ScopeStep.Check(context, slices) ?? IdentityStep.Check(context, record, slices))
            ?? SliceStep.Check(context, record, slices, !host);
    }

    private static VerifiedHop Shown(VerificationContext context, HopFacts hop) => hop.ToVerified() with
    {
        IntroducedUntil = hop is { Introduces: true, Index: > 0, Seal: not null }
            ? SealStep.IntroducedUntil(context, hop)
            : null,
    };

    private static Verdict.Accepted Accept(
        VerificationContext context, AnswerResult result, ImmutableArray<Parsed<Slice>> slices)
    {
        var outcome = result switch
        {
            AnswerResult.Record => Outcome.Record,
            AnswerResult.Set => Outcome.Set,
            AnswerResult.Negative => Outcome.Absent,
            _ => Outcome.Denied,
        };
        var leaf = outcome is Outcome.Record or Outcome.Set
            ? context.Last.Find(
                outcome == Outcome.Record ? LeafClass.Record : LeafClass.Set, context.Service.WithoutHost.Text)
            : null;
        var answer = new VerifiedAnswer(
            context.Query,
            outcome,
            [.. context.Hops.Select(hop => Shown(context, hop))],
            TtlFormula.Compute(context, outcome, leaf?.Document))
        {
            Record = leaf?.Document as Record,
            Set = leaf?.Document as Set,
            RecordDigest = leaf?.Commitment,
            Slices = outcome == Outcome.Record ? [.. slices.Select(slice => slice.Value)] : [],
            Bundles = outcome == Outcome.Record ? context.Last.All<Bundle>() : [],
            Gateways = outcome == Outcome.Record ? context.Last.All<Gateway>() : [],
            ReachedNetworks = outcome == Outcome.Record ? ScopeStep.Reached(context) : [],
            VerifiedAt = context.Now,
            UnsafeLoopbackAllowed = context.Options.UnsafeAllowLoopbackEndpoints,
        };
        return new Verdict.Accepted(answer, NextState.After(context))
        {
            Evidence = context.Evidence,
            Signed = context.Signed,
        };
    }
}
