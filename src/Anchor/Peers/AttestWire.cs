using Fairlead.Anchor.Serving;
using Fairlead.Naming;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;

namespace Fairlead.Anchor.Peers;

/// <summary>
/// The question for another anchor's decision as it travels, and the answer to it. Whoever answers decides from the
/// Rules of its own view: the asker's word counts only for who the consumer is. Stateless.
/// </summary>
internal static class AttestWire
{
    internal static AttestRequest Write(SegmentView view, AttestTerms terms) => new()
    {
        Epoch = WireWriter.ToBytes(view.Epoch.Digest),
        Role = terms.Role,
        Scope = terms.Scope.Text,
        Home = WireWriter.ToBytes(terms.Home),
        Namespace = terms.Consumer?.Subject.Namespace ?? "",
        Account = terms.Consumer?.Subject.Account ?? "",
    };

    /// <summary>Decides what is asked for; the first thing that is wrong with the question, or null.</summary>
    internal static Refusal? Read(AttestRequest request, SegmentView view, out AttestTerms? terms)
    {
        terms = null;
        if (!WireReader.TryRead(request.Epoch, out Digest epoch, out var refusal)
            || !WireReader.TryRead(request.Home, out Digest home, out refusal))
        {
            return refusal.At("attest");
        }

        if (epoch != view.Epoch.Digest)
        {
            return new Refusal(
                VerificationFailure.EpochDigestMismatch, "attest.epoch",
                $"the newest epoch here is {view.Epoch.Value.Number}");
        }

        if (request.Role == AttestRole.Transit)
        {
            return ReadTransit(request, view, home, out terms);
        }

        if (!IsText(request.Namespace) || !IsText(request.Account))
        {
            return new Refusal(VerificationFailure.BadEnvelope, "attest.subject", "not a namespace and an account");
        }

        var consumer =
            new Consumer(home, new Naming.Subject { Namespace = request.Namespace, Account = request.Account });
        switch (request.Role)
        {
            case AttestRole.Target when ServicePart.TryParse(request.Scope, out var service, out refusal):
                terms = AttestTerms.OfTarget(view, consumer, service);
                return null;
            // No segment's name ends in svc: what is asked about is a service part under clusterset.local.
            case AttestRole.Home when ServicePart.TryParse(request.Scope, out var shared, out refusal):
                terms = AttestTerms.OfSet(view, consumer, shared);
                return null;
            case AttestRole.Home when SegmentName.TryParse(request.Scope, out var segment, out refusal):
                terms = AttestTerms.OfHome(view, consumer, segment);
                return null;
            case AttestRole.Target or AttestRole.Home:
                return refusal!.At("attest.scope");
            default:
                return new Refusal(VerificationFailure.BadEnvelope, "attest.role", "not a role of an Attest");
        }
    }

    private static Refusal? ReadTransit(AttestRequest request, SegmentView view, Digest home, out AttestTerms? terms)
    {
        terms = null;
        if (request.Namespace.Length + request.Account.Length > 0)
        {
            return new Refusal(VerificationFailure.BadEnvelope, "attest.subject", "a transit decides about no subject");
        }

        if (!SegmentName.TryParse(request.Scope, out var segment, out var refusal))
        {
            return refusal.At("attest.scope");
        }

        terms = AttestTerms.OfTransit(view, home, segment);
        return null;
    }

    private static bool IsText(string text) =>
        text.Length is > 0 and <= 253 && text.All(c => c is >= ' ' and <= '~' and not '"' and not '\\');
}
