namespace Fairlead.Naming.Operations;

/// <summary>The segments that a segment's own epoch and leaves name. Pure, thread-safe.</summary>
internal static class SegmentsNamed
{
    /// <summary>The segment itself, its parents, children and peers, before an operation and after it.</summary>
    /// <returns>Their full names; where there are several, one of them.</returns>
    internal static Dictionary<Digest, string> By(EpochGround ground, EpochCandidate candidate)
    {
        var own = ground.Names.FirstOrDefault();
        var named = new Dictionary<Digest, string>();
        foreach (var uplink in ground.Epoch.Value.Uplinks.Concat(candidate.Epoch.Value.Uplinks))
        {
            named[uplink.Parent] = own?.Parent?.Text ?? $"the parent of {uplink.Label}";
        }

        foreach (var leaf in ground.Leaves.Leaves.Values.Concat(candidate.Leaves.Leaves.Values))
        {
            if (leaf.Document is Link link)
            {
                named[link.Genesis] = own is null ? link.Label : $"{link.Label}.{own.Text}";
            }
            else if (leaf.Document is Peer peer)
            {
                named[peer.Genesis] = peer.Name.Text;
            }
        }

        named[ground.Genesis] = own?.Text ?? "this segment";
        return named;
    }
}
