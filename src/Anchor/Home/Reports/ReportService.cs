using Fairlead.Anchor.Identities;
using Fairlead.Anchor.Serving;
using Fairlead.Naming;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Fairlead.Rpc;

namespace Fairlead.Anchor.Home.Reports;

/// <summary>
/// Report: evidence proves itself, so that anybody may bring it; how often, that depends on who it is (V52). Pods and
/// anchors of the own segment are heard each for itself, however many keys it shows, and other segments known here
/// each as a whole; strangers all together: they cannot keep those from being heard. Who must be looked at to be known
/// is looked at only so often, each address a few times whatever the others do. Thread-safe.
/// </summary>
internal sealed class ReportService(ServingContext context, EvidenceBook book)
{
    private const int PerSecond = 1;
    private const int Burst = 32;
    private const int StrangersBurst = 8;

    private readonly RateBook _known = new(PerSecond, Burst, context.Time);
    private readonly RateBook _strangers = new(PerSecond, StrangersBurst, context.Time);

    /// <summary>Adds the method to a service.</summary>
    internal ServerServiceDefinition.Builder AddTo(ServerServiceDefinition.Builder builder) =>
        builder.AddMethod(AnchorMethods.Report, (request, call) => Task.FromResult(Report(request, call)));

    private ReportResponse Report(ReportRequest request, ServerCallContext call)
    {
        if (Often(Caller.Of(call)) is { } often)
        {
            throw RpcFailures.ToException(often);
        }

        if (!WireReader.TryRead(request.Evidence, out var evidence, out var refusal))
        {
            throw RpcFailures.ToException(refusal);
        }

        return book.Take(evidence) is { } no ? throw RpcFailures.ToException(no) : new ReportResponse();
    }

    /// <summary>Counts one piece that a caller brings.</summary>
    /// <returns><c>RateLimited</c>, or null.</returns>
    internal Refusal? Often(Caller caller)
    {
        if (context.Views.Current is not { } view || caller.Kid is not { } kid)
        {
            return _strangers.Take(default);
        }

        if (AtSight(kid, view) is { } known)
        {
            caller.Accept();
            return _known.Take(known);
        }

        var unknown = context.Subjects.Identify(
            caller, context.Now(), view.Epoch.Value.Policy.ClockDelta, out var pod);
        if (unknown is null)
        {
            caller.Accept();
            return _known.Take(Hashes.Subject(view.Genesis, pod!.Subject));
        }

        return unknown.Failure == VerificationFailure.RateLimited ? unknown : _strangers.Take(default);
    }

    private Digest? AtSight(Digest kid, SegmentView view) =>
        view.Epoch.Value.Anchors.Any(anchor => anchor.Tls.Kid == kid) ? kid
            : context.Subjects.OnFile(kid) is { } subject ? Hashes.Subject(view.Genesis, subject)
            : book.SegmentOf(kid);
}
