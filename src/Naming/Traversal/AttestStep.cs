using static Fairlead.Naming.VerificationFailure;

namespace Fairlead.Naming.Traversal;

/// <summary>The decisions of one hop's anchors: signer, V4-V7, V33.</summary>
internal static class AttestStep
{
    internal static Refusal? Check(VerificationContext context, HopFacts hop, bool denied)
    {
        var attests = hop.Input.Attests;
        var wanted = denied ? 1 : hop.Under.Value.Quorum.Attest;
        if (attests.Length != wanted)
        {
            return new Refusal(
                attests.Length < wanted ? AttestationMissing : TooManySignatures,
                "attests",
                $"{attests.Length} attests, the epoch wants {wanted}");
        }

        var last = default(Digest);
        for (var i = 0; i < attests.Length; i++)
        {
            if (One(context, hop, attests[i], denied, i == 0 ? null : last) is { } refusal)
            {
                return refusal.At($"attests[{i}]");
            }

            last = attests[i].Envelope.Signatures[0].Kid;
        }

        return null;
    }

    private static Refusal? One(VerificationContext context, HopFacts hop, HopAttest attest, bool denied, Digest? last)
    {
        if (Signed(context, hop, attest, last, out var anchor) is { } signature)
        {
            return signature;
        }

        // What was introduced before stays so under an epoch of before, whoever signed it then.
        var isUnderNewest = hop.Under.Value.Number == hop.Segment.NewestNumber;
        if (isUnderNewest ? hop.Segment.IsExcluded(anchor!.Id)
            : context.IsNewIntroduction && hop.Segment.IsExcluded(attest.Envelope.Signatures[0].Kid))
        {
            return new Refusal(AnchorExcluded, "", $"{anchor!.Id} contradicted itself in the newest epoch");
        }

        var value = attest.Value;
        if (Differs(context, hop, value) is { } member)
        {
            return new Refusal(AttestationMismatch, member, "not what the answer needs");
        }

        hop.Attests.Add(attest with { Anchor = anchor!.Id });

        if (value.Expires <= context.Now + context.Delta)
        {
            return new Refusal(AttestationExpired, "", $"expired {context.Now - value.Expires} ms ago");
        }

        if (value.Decision == RuleEffect.Deny)
        {
            return denied ? null : new Refusal(PolicyDenied, "", $"{hop.Name} refuses the asker");
        }

        return denied
            ? new Refusal(AttestationMismatch, "decision", "a denied answer rests on a deny")
            : ShownRule(context, hop, value);
    }

    private static Refusal? Signed(
        VerificationContext context, HopFacts hop, HopAttest attest, Digest? last, out EpochAnchor? anchor)
    {
        var refusal = CertificateCheck.Statement(
            attest.Envelope, attest.Attest.Digest, hop.Under.Value, AttestationMismatch, context.Signatures,
            out anchor);
        if (refusal is not null || last is not { } before)
        {
            return refusal;
        }

        var kid = attest.Envelope.Signatures[0].Kid;
        return kid > before
            ? null
            : new Refusal(kid == before ? DuplicateSigner : SignatureOrder, "", "attests do not ascend by kid");
    }

    private static string? Differs(VerificationContext context, HopFacts hop, Attest attest)
    {
        var query = context.Query.Value;
        var role = RoleOf(context, hop);
        var transit = role == AttestRole.Transit;
        var policy = hop.Under.Value.Policy;
        var life = transit ? policy.IntroductionMaxAge : policy.AttestTarget;
        return attest.Role != role ? "role"
            : attest.Home != query.Home ? "home"
            : attest.Epoch != hop.Under.Value.Number ? "epoch"
            : attest.Policy != Hashes.Policy(hop.Under.Value.Policy) ? "policy"
            : attest.Subject != (transit ? null : query.Subject) ? "subject"
            : (hop.IsLast || hop.Leads is not null) && attest.Next != hop.Leads?.Genesis ? "next"
            : !Covers(context, role, attest.Scope) ? "scope"
            : attest.Issued > context.Now + context.Delta ? "issued"
            : attest.Expires - attest.Issued > life || attest.Expires < attest.Issued ? "expires"
            : null;
    }

    /// <summary>Which part of the path a hop's anchors decide.</summary>
    internal static string RoleOf(VerificationContext context, HopFacts hop) =>
        hop.Name == context.TargetSegment ? "target" : hop.Index == 0 ? "home" : "transit";

    private static bool Covers(VerificationContext context, string role, NamePattern scope) =>
        context.TargetSegment is not { } target ? scope.Text == "*" || scope.Matches(context.Service)
            : role == AttestRole.Target ? scope.Matches(context.Service)
            : scope.Matches(target);

    // Only the deciding Rule is shown, and only where its subjects match the asker: one that did not decide, or that
    // does not allow me, convicts the anchor of a lie.
    private static Refusal? ShownRule(VerificationContext context, HopFacts hop, Attest attest)
    {
        foreach (var leaf in hop.Leaves)
        {
            if (leaf.Document is not Rule rule)
            {
                continue;
            }

            if (leaf.Commitment != attest.Rule)
            {
                return new Refusal(AttestationMismatch, "rule", $"{rule.Id} is shown and did not decide");
            }

            if (!Allows(context, hop, rule))
            {
                return new Refusal(AttestationMismatch, "rule", $"{rule.Id} is not for me");
            }

            if (ConstraintRules.Widened(attest.Constraints, rule.Constraints) is { } bound)
            {
                return new Refusal(AttestationMismatch, $"constraints.{bound}", $"{rule.Id} allows less than this");
            }
        }

        return null;
    }

    private static bool Allows(VerificationContext context, HopFacts hop, Rule rule)
    {
        if (rule.Effect != RuleEffect.Allow)
        {
            return false;
        }

        var named = false;
        foreach (var pattern in rule.Names)
        {
            named |= Covers(context, RoleOf(context, hop), pattern);
        }

        if (rule.Subjects.IsEmpty)
        {
            return named;
        }

        foreach (var subject in rule.Subjects)
        {
            if (named && Matches(context, subject))
            {
                return true;
            }
        }

        return false;
    }

    private static bool Matches(VerificationContext context, RuleSubject subject)
    {
        var me = context.Options.Subject;
        return (subject.Segment == "*" || subject.Segment == context.Query.Value.Home.ToString())
            && (subject.Namespace is null || me is null || subject.Namespace == me.Namespace)
            && (subject.Account is null || me is null || subject.Account == me.Account);
    }
}
