using Fairlead.Anchor.Identities;
using Fairlead.Anchor.Serving;
using Fairlead.Naming;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Fairlead.Rpc;

namespace Fairlead.Anchor.Home.Reports;

/// <summary>
/// Report: evidence proves itself, so that anybody may bring it; how often, that depends on who it is (V52). Pods and
/// anchors of the own segment and the anchors of homes that ask here are heard each for itself, strangers all together:
/// they cannot keep those from being heard. Thread-safe.
/// </summary>
internal sealed class ReportService(ServingContext context, EvidenceBook book, HomeBook homes)
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
        var caller = Caller.Of(call);
        var often = caller.Kid is { } kid && IsKnown(caller, kid) ? _known.Take(kid) : _strangers.Take(default);
        if (often is not null)
        {
            throw RpcFailures.ToException(often);
        }

        if (!WireReader.TryRead(request.Evidence, out var evidence, out var refusal))
        {
            throw RpcFailures.ToException(refusal);
        }

        return book.Take(evidence) is { } no ? throw RpcFailures.ToException(no) : new ReportResponse();
    }

    private bool IsKnown(Caller caller, Digest kid) => context.Views.Current is { } view
        && (view.Epoch.Value.Anchors.Any(anchor => anchor.Tls.Kid == kid)
            || homes.IsAnchor(kid)
            || context.Subjects.Identify(caller, context.Now(), view.Epoch.Value.Policy.ClockDelta, out _) is null);
}
