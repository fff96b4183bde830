using static Fairlead.Naming.VerificationFailure;

namespace Fairlead.Naming.Traversal;

/// <summary>
/// Verifies one transit's hop for itself, by the steps that the answer's verifier takes for it: chain (V8-V15), seal
/// (V16-V19, V57), proofs (V21-V23), Attests (V33), names (V26) and where it leads (V32). A home anchor asks it before
/// it goes on to the next segment, a target's anchor before it takes the word of a home that it did not know (V48).
/// Pure, thread-safe.
/// </summary>
public static class IntroductionCheck
{
    private const int HomeIndex = 0;
    private const int TransitIndex = 1;

    /// <summary>Checks one hop.</summary>
    /// <param name="asked">The hop and its place.</param>
    /// <returns>The verified hop, or the first error.</returns>
    public static (Introducer? Introducer, Refusal? Refusal) Check(IntroductionHop asked) => Check(asked, out _);

    /// <summary>Checks one hop.</summary>
    /// <param name="asked">The hop and its place.</param>
    /// <param name="evidence">What the hop proves against its segment's keys (V38); null for nothing.</param>
    /// <returns>The verified hop, or the first error.</returns>
    public static (Introducer? Introducer, Refusal? Refusal) Check(IntroductionHop asked, out Contradiction? evidence)
    {
        ArgumentNullException.ThrowIfNull(asked);
        evidence = null;
        var query = new Query { Home = asked.Home, Name = FullName.Parse(asked.Target.Text) };
        var (inputs, form) = AnswerParser.Hops(
            new UnverifiedAnswer(Document.Make(query).Payload, [asked.Hop], asked.Result, []));
        if (form is not null)
        {
            return (null, form);
        }

        var context = Context(asked, query);
        var hop = new HopFacts(inputs[0], TransitIndex, asked.Result != AnswerResult.Record)
        {
            Name = asked.Name,
            By = null,
        };
        context.Hops.Add(hop);
        var bad = Shape(asked, hop) ?? Chain(asked, context, hop) ?? Data(asked, context, hop);
        evidence = context.Evidence;
        return bad is not null ? (null, bad) : Lead(asked, context, hop);
    }

    private static VerificationContext Context(IntroductionHop asked, Query query)
    {
        var own = new SegmentState(
            asked.Own, asked.OwnEpoch.Value.Number, [asked.OwnEpoch.Digest], [asked.OwnEpoch]);
        var state = VerifierState.Start(new HomePin(asked.Own, asked.OwnName)).With(own);
        var context = new VerificationContext
        {
            State = asked.Held is { } held ? state.With(held) : state,
            Query = Document.Make(query),
            Options = VerifierOptions.Default,
            Signatures = new SignatureChecks(asked.Cache),
            Now = asked.Now,
            IsKnownTarget = asked.IsIntroducedBefore,
            IsNewIntroduction = asked.IsNew,
        };
        var nothing = new UnverifiedHop(asked.Own, HopKind.Home, [], null, [], [], []);
        context.Hops.Add(new HopFacts(new HopInput(nothing, [], null, [], []), HomeIndex, false)
        {
            Name = asked.OwnName,
            By = null,
            Segment = own,
            Under = asked.OwnEpoch,
        });
        return context;
    }

    private static Refusal? Shape(IntroductionHop asked, HopFacts hop)
    {
        var raw = hop.Input.Raw;
        if (raw.Genesis == asked.Own)
        {
            return new Refusal(LoopDetected, "hop", "a segment does not introduce itself");
        }

        if (raw.Kind is not (HopKind.Up or HopKind.Peer or HopKind.Down) || hop.Name == asked.Target)
        {
            return new Refusal(PathBroken, "hop", $"{raw.Kind} to {hop.Name} is no transit");
        }

        return asked.Result switch
        {
            AnswerResult.Denied when hop.Input.Seal is null && raw.Nodes.IsEmpty && raw.Proofs.IsEmpty => null,
            AnswerResult.Denied => new Refusal(PolicyDenied, "hop", "a denial with data attached"),
            AnswerResult.Record or AnswerResult.Negative when hop.Input.Seal is not null => null,
            AnswerResult.Record or AnswerResult.Negative => new Refusal(BadEnvelope, "hop", "no seal"),
            _ => new Refusal(BadEnvelope, "hop", $"{asked.Result} is nothing that a transit says"),
        };
    }

    private static Refusal? Chain(IntroductionHop asked, VerificationContext context, HopFacts hop)
    {
        var segment = asked.Held;
        foreach (var page in asked.Hop.Epochs.Chunk(Limits.PageEpochs))
        {
            var verdict = EpochChain.Extend(
                segment, hop.Genesis, null, [.. page], asked.Now, context.Delta,
                asked.OwnEpoch.Value.Policy.Refuse, asked.Cache, isIntroduction: true,
                trim: false, spares: context.IsIntroducedBefore(hop));
            context.Evidence = verdict.Evidence ?? context.Evidence;
            if (!verdict.IsAccepted)
            {
                return verdict.Refusal;
            }

            segment = verdict.Segment;
        }

        if (segment is null)
        {
            return new Refusal(EpochUnknown, "hop", "nothing is held of this segment, and no epoch came");
        }

        if (segment.IsQuarantined && !context.IsIntroducedBefore(hop))
        {
            return new Refusal(SegmentQuarantined, "hop", $"epoch {segment.NewestNumber} is certified against itself");
        }

        hop.Segment = segment;
        hop.Under = segment.Newest;

        // V11 of what was held before this segment refused a tag, as for an answer.
        return QuorumRules.CheckRefused(hop.Newest, asked.OwnEpoch.Value.Policy.Refuse)?.At("epochs")
            ?? EpochChain.CheckNewest(hop.Segment, asked.Floor, asked.Now, context.Delta);
    }

    private static Refusal? Data(IntroductionHop asked, VerificationContext context, HopFacts hop)
    {
        var denied = asked.Result == AnswerResult.Denied;
        if (!denied
            && (SealStep.Check(context, hop)?.At("seal") ?? ProofStep.Check(context, hop, asked.Result)) is { } data)
        {
            return data;
        }

        foreach (var leaf in hop.Leaves)
        {
            if (leaf.Document is not null
                && LeafRules.Check(leaf, hop.Segment.Floors, asked.Now + context.Delta) is { } refusal)
            {
                return refusal.At($"{leaf.Name.Class} {leaf.Name.Name}");
            }
        }

        return null;
    }

    private static (Introducer? Introducer, Refusal? Refusal) Lead(
        IntroductionHop asked, VerificationContext context, HopFacts hop)
    {
        Onward? leads = null;
        if (asked.Result == AnswerResult.Record)
        {
            var (onward, next, refusal) = Next(asked, hop);
            if (refusal is not null)
            {
                return (null, refusal);
            }

            (leads, hop.Leads) = (onward, next);
        }
        else if (asked.Result == AnswerResult.Negative && DenialRules.CheckTransit(hop, asked.Target) is { } incomplete)
        {
            return (null, incomplete);
        }

        return AttestStep.Check(context, hop, asked.Result == AnswerResult.Denied) is { } denied
            ? (null, denied)
            : (Made(context, hop, leads), null);
    }

    private static (Onward? Onward, NextHop? Next, Refusal? Refusal) Next(IntroductionHop asked, HopFacts hop)
    {
        if (asked.Next is { } named)
        {
            return (null, new NextHop(asked.Target, named, default, null), null);
        }

        var onward = Onward.Of(
            hop.Name, hop.Newest, asked.Target, hop.Input.Raw.Kind == HopKind.Up,
            name => hop.Included<Peer>(LeafClass.Peer, name), label => hop.Included<Link>(LeafClass.Link, label));
        if (onward is null)
        {
            return (null, null, new Refusal(LinkNotAccepted, "hop", $"{hop.Name} proves no way to {asked.Target}"));
        }

        // V32: the way that its leaves show must be the preferred one, which their absences show.
        var (next, refusal) = PathRules.Next(hop, asked.Target, onward.Kind, onward.Genesis);
        return (onward, next, refusal);
    }

    private static Introducer Made(VerificationContext context, HopFacts hop, Onward? leads)
    {
        var until = hop.Newest.Expires;
        if (hop.Seal is not null)
        {
            until = Math.Min(until, hop.IsLast ? hop.Seal.Expires : SealStep.IntroducedUntil(context, hop));
        }

        foreach (var attest in hop.Attests)
        {
            until = Math.Min(until, attest.Value.Expires);
        }

        return new Introducer(hop, leads, until, hop.Attests.Min(attest => attest.Value.Renew));
    }
}
