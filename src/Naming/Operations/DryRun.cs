using System.Collections.Immutable;

namespace Fairlead.Naming.Operations;

/// <summary>Computes what an operation touches: names, links and pins. Pure, thread-safe.</summary>
public static class DryRun
{
    /// <summary>The impact of a candidate on its ground.</summary>
    /// <param name="ground">The newest epoch.</param>
    /// <param name="candidate">The candidate.</param>
    /// <param name="published">The published names with their publishers' kids; they are read once.</param>
    public static OperationImpact Of(
        EpochGround ground, EpochCandidate candidate, IEnumerable<(string Name, Digest Publisher)> published)
    {
        ArgumentNullException.ThrowIfNull(ground);
        ArgumentNullException.ThrowIfNull(candidate);
        ArgumentNullException.ThrowIfNull(published);
        var (before, after) = (ground.Epoch.Value, candidate.Epoch.Value);
        var names = new SortedSet<string>(StringComparer.Ordinal);
        var links = new List<LinkImpact>();
        var spokenOf = new HashSet<Digest>();
        var revoked = new HashSet<Digest>();
        foreach (var key in ground.Leaves.Leaves.Keys.Union(candidate.Leaves.Leaves.Keys).Order())
        {
            var old = ground.Leaves.Leaves.GetValueOrDefault(key);
            var now = candidate.Leaves.Leaves.GetValueOrDefault(key);
            if (old?.Commitment == now?.Commitment)
            {
                continue;
            }

            names.UnionWith(Patterns(old?.Document).Concat(Patterns(now?.Document)));
            if (old?.Document is Credential lost && now is null)
            {
                revoked.Add(lost.Key.Kid);
            }

            spokenOf.UnionWith(SegmentsOf(old?.Document).Concat(SegmentsOf(now?.Document)));

            if (Way(old?.Document, now?.Document) is { } way)
            {
                links.Add(way);
            }
        }

        links.AddRange(Uplinks(before, after));
        var members = Members(before, after);
        var known = SegmentsNamed.By(ground, candidate);
        return new OperationImpact(
            members,
            [.. names],
            [.. published.Where(p => revoked.Contains(p.Publisher)).Select(p => p.Name).Order(StringComparer.Ordinal)],
            [.. links],
            [.. links.Where(l => l.Change == "repointed").Select(l => l.Segment).Distinct().Order()],
            before.PolicyDigest != after.PolicyDigest || members.Contains("anchors") || members.Contains("quorum"))
        {
            Named = known.Where(one => spokenOf.Contains(one.Key)).ToImmutableSortedDictionary(),
            Unnamed = [.. spokenOf.Where(one => !known.ContainsKey(one)).Order()],
        };
    }

    private static IEnumerable<string> Patterns(LeafDocument? leaf) => leaf switch
    {
        Rule rule => rule.Names.Select(name => name.Text),
        Credential credential => credential.Names.Select(name => name.Text),
        Redirect redirect => [redirect.Name.Text],
        Tombstone { At.IsChild: false } tombstone => [$"*.{tombstone.At.Text}"],
        Link { At.IsChild: false } link => [$"*.{link.At.Text}"],
        _ => [],
    };

    private static IEnumerable<Digest> SegmentsOf(LeafDocument? leaf) => leaf is Rule rule
        ? rule.Subjects.Where(subject => subject.Segment != RuleSubject.Any)
            .Select(subject => Digest.Parse(subject.Segment))
        : [];

    private static LinkImpact? Way(LeafDocument? old, LeafDocument? now) => (old, now) switch
    {
        (Link one, Link two) => Changed($"Link {two.At.Text}", one.Genesis, two.Genesis, IsRenewal(one, two)),
        (null, Link two) => new LinkImpact($"Link {two.At.Text}", "added", two.Genesis),
        (Link one, null) => new LinkImpact($"Link {one.At.Text}", "removed", one.Genesis),
        (Peer one, Peer two) => Changed($"Peer {two.Name.Text}", one.Genesis, two.Genesis, IsRenewal(one, two)),
        (null, Peer two) => new LinkImpact($"Peer {two.Name.Text}", "added", two.Genesis),
        (Peer one, null) => new LinkImpact($"Peer {one.Name.Text}", "removed", one.Genesis),
        _ => null,
    };

    private static IEnumerable<LinkImpact> Uplinks(Epoch before, Epoch after)
    {
        foreach (var uplink in after.Uplinks)
        {
            var old = before.Uplinks.FirstOrDefault(up => up.Label == uplink.Label);
            if (old is null)
            {
                yield return new LinkImpact($"uplink {uplink.Label}", "added", uplink.Parent);
            }
            else if (old.Parent != uplink.Parent || old.Floor != uplink.Floor
                || !old.Endpoints.SequenceEqual(uplink.Endpoints))
            {
                yield return Changed($"uplink {uplink.Label}", old.Parent, uplink.Parent, isRenewal: true);
            }
        }

        foreach (var uplink in before.Uplinks.Where(up => after.Uplinks.All(other => other.Label != up.Label)))
        {
            yield return new LinkImpact($"uplink {uplink.Label}", "removed", uplink.Parent);
        }
    }

    private static LinkImpact Changed(string where, Digest old, Digest now, bool isRenewal) =>
        new(where, old != now ? "repointed" : isRenewal ? "renewed" : "changed", now);

    private static bool IsRenewal(Link one, Link two) => Same(
        one, two with { Floor = one.Floor, Endpoints = one.Endpoints, Made = one.Made, Opening = one.Opening });

    private static bool IsRenewal(Peer one, Peer two) => Same(
        one, two with { Floor = one.Floor, Endpoints = one.Endpoints, Made = one.Made, Opening = one.Opening });

    private static bool Same(Document left, Document right) => left.Encode().AsSpan().SequenceEqual(right.Encode());

    private static ImmutableArray<string> Members(Epoch before, Epoch after)
    {
        var members = new List<string>();
        Note("anchors", EpochDifference.ChangesAnchors(before, after));
        Note("life", before.Expires - before.Issued != after.Expires - after.Issued);
        Note("domains", EpochDifference.ChangesDomains(before, after));
        Note("min_verifier", before.MinVerifier != after.MinVerifier);
        Note("peers", EpochDifference.ChangesPeers(before, after));
        Note("policy", EpochDifference.ChangesPolicy(before, after));
        Note("quorum", EpochDifference.ChangesQuorum(before, after));
        Note("recovery", EpochDifference.ChangesRecovery(before, after));
        Note("salt", before.Salt != after.Salt);
        Note("uplinks", EpochDifference.ChangesUplinks(before, after));
        return [.. members];

        void Note(string member, bool changes)
        {
            if (changes)
            {
                members.Add(member);
            }
        }
    }
}
