using Fairlead.Anchor.Identities;
using Fairlead.Naming;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Fairlead.Rpc;
using Google.Protobuf;

namespace Fairlead.Anchor.Serving;

/// <summary>
/// Slices: what a record refers to by digest, to those whose question about it would be answered with it and to nobody
/// else (4.1 Rules). The digests stand in the record, also those of regions that the asker may not see, and what is in
/// a slice can be guessed: a digest alone opens nothing. Thread-safe.
/// </summary>
internal sealed class SliceService(ServingContext context, Doorman doorman)
{
    /// <summary>Adds the method to a service.</summary>
    internal ServerServiceDefinition.Builder AddTo(ServerServiceDefinition.Builder builder) =>
        builder.AddMethod(AnchorMethods.Slices, (request, call) => Task.FromResult(Slices(request, call)));

    private SlicesResponse Slices(SlicesRequest request, ServerCallContext call)
    {
        if (Find(request, call, out var slices) is { } refusal)
        {
            throw RpcFailures.ToException(refusal);
        }

        var asked = request.Digests.ToHashSet();
        var response = new SlicesResponse();
        response.Slices.AddRange(slices
            .Where(slice => Document.TryParse<Slice>(slice, out var parsed, out _)
                && asked.Contains(WireWriter.ToBytes(parsed.Digest)))
            .Select(slice => UnsafeByteOperations.UnsafeWrap(slice)));
        return response;
    }

    private Refusal? Find(
        SlicesRequest request, ServerCallContext call, out IReadOnlyList<ReadOnlyMemory<byte>> slices)
    {
        slices = [];
        if (context.Views.Current is not { } view)
        {
            return new Refusal(VerificationFailure.NotSealed, "", "no certified seal is held yet");
        }

        if (request.Digests.Count > Limits.Slices)
        {
            return new Refusal(VerificationFailure.TooLarge, "digests", $"{request.Digests.Count} digests");
        }

        if (request.Question is null)
        {
            return new Refusal(VerificationFailure.BadEnvelope, "question", "slices of no record");
        }

        if (doorman.Judge(request.Question, Caller.Of(call), view, out var question) is { } refusal)
        {
            return refusal;
        }

        if (question!.Query.Value.Name is not { Service: { } service, Segment: { } segment } || segment != view.Name)
        {
            return new Refusal(VerificationFailure.QueryMismatch, "query.name", $"not a name of {view.Name}");
        }

        // Decided before anything is looked up: the same for what is there and what is not.
        var terms = AttestTerms.OfTarget(view, question.Consumer, service);
        if (!terms.IsAllowed)
        {
            return new Refusal(VerificationFailure.PolicyDenied, view.Name.Text, "no Rule lets the asker see it");
        }

        slices = TargetAnswers.AdmittedSlices(view, service, terms.Decision.Constraints);
        return null;
    }
}
