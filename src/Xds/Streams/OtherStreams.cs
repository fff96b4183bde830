namespace Fairlead.Xds.Streams;

/// <summary>What the other streams of a client, which has one for each type, still owe it. Immutable.</summary>
/// <param name="AreClustersDue">Clusters that it has never had are not on their way yet.</param>
/// <param name="AreRoutesDue">Listeners or routes are not on their way yet, or it has not said anything to
/// them.</param>
internal readonly record struct OtherStreams(bool AreClustersDue, bool AreRoutesDue)
{
    /// <summary>Both together.</summary>
    public static OtherStreams operator |(OtherStreams a, OtherStreams b) =>
        new(a.AreClustersDue || b.AreClustersDue, a.AreRoutesDue || b.AreRoutesDue);
}
