using Fairlead.Anchor.Identities;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;

namespace Fairlead.Anchor.Serving;

/// <summary>
/// How often something is done for a caller of whom no more is established than its key (V52): the segment's anchors,
/// those who hold its Credentials and the pods whose keys are on file are counted each for itself, all others together,
/// with a small share for each address. Thread-safe.
/// </summary>
/// <param name="context">The anchor.</param>
/// <param name="known">What one who is known may have done in a second, in the long run, and at once.</param>
/// <param name="perSecond">What all others may have together.</param>
/// <param name="burst">As much of it at once.</param>
internal sealed class CallerRates(
    ServingContext context, Func<(int PerSecond, int Burst)> known, int perSecond, int burst)
{
    private readonly RateBook _known = new(known, context.Time);
    private readonly StrangerBook _others = new(perSecond, burst, context.Time);

    /// <summary>Takes one, or all of a batch.</summary>
    /// <returns><c>RateLimited</c>, which takes nothing from who is known; or null.</returns>
    internal Refusal? Take(Caller caller, SegmentView? view, int count = 1)
    {
        if (view is null || caller.Kid is not { } kid || AtSight(view, kid) is not { } who)
        {
            return _others.Take(caller.From, default, count);
        }

        caller.Accept();
        return _known.Take(who, count);
    }

    /// <summary>Whether a key is one of the segment's anchors or of a Credential.</summary>
    internal static bool Belongs(SegmentView view, Digest kid) =>
        view.Epoch.Value.Anchors.Any(anchor => anchor.Tls.Kid == kid)
        || view.Find(new LeafName(LeafClass.Credential, kid.ToString())) is not null;

    private Digest? AtSight(SegmentView view, Digest kid) =>
        Belongs(view, kid) ? kid
            : context.Subjects.OnFile(kid) is { } pod ? Hashes.Subject(view.Genesis, pod)
            : null;
}
