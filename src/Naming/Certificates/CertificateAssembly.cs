using System.Collections.Immutable;

namespace Fairlead.Naming;

/// <summary>Makes the one certificate that a set of votes allows (4.0 "Envelope"). Stateless, thread-safe.</summary>
public static class CertificateAssembly
{
    /// <summary>Of the signatures collected: the lowest kids of each required group up to its minimum, then the lowest
    /// others, exactly T, ascending. Null while they do not suffice.</summary>
    /// <param name="collected">True signatures by different keys of the role, in any order.</param>
    /// <param name="epoch">The epoch whose anchors signed.</param>
    /// <param name="role">Gov or seal.</param>
    public static ImmutableArray<SignatureEntry>? Assemble(
        IEnumerable<SignatureEntry> collected, Epoch epoch, KeyRole role)
    {
        ArgumentNullException.ThrowIfNull(epoch);
        var threshold = role == KeyRole.Seal ? epoch.Quorum.TSeal : epoch.Quorum.TGov;
        var groups = role == KeyRole.Seal ? epoch.Quorum.SealGroups : epoch.Quorum.GovGroups;
        var groupOf = epoch.Anchors.ToDictionary(
            anchor => (role == KeyRole.Seal ? anchor.Seal : anchor.Gov).Kid, anchor => anchor.Group);
        var votes = collected.Where(vote => groupOf.ContainsKey(vote.Kid)).OrderBy(vote => vote.Kid).ToList();
        var chosen = new List<SignatureEntry>();
        foreach (var group in groups)
        {
            var members = votes.Where(vote => groupOf[vote.Kid] == group.Group).Take((int)group.Min).ToList();
            if (members.Count < group.Min)
            {
                return null;
            }

            chosen.AddRange(members);
        }

        var kids = chosen.Select(vote => vote.Kid).ToHashSet();
        chosen.AddRange(votes.Where(vote => !kids.Contains(vote.Kid)).Take((int)threshold - chosen.Count));
        return chosen.Count == threshold ? [.. chosen.OrderBy(vote => vote.Kid)] : null;
    }
}
