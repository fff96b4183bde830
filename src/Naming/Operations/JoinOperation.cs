using System.Collections.Immutable;

namespace Fairlead.Naming.Operations;

/// <summary>A child as its parent takes it in: facts of its verified chain (4.4 step 2).</summary>
/// <param name="Label">The label under the parent: the Link's place and the label of the child's uplink.</param>
/// <param name="Genesis">The child.</param>
/// <param name="Floor">Its newest verified epoch.</param>
/// <param name="Endpoints">Where its anchors are, 1 to 4.</param>
/// <param name="Terms">What the parent demands; null for what the Link that stands demands, if one does.</param>
public sealed record JoiningChild(
    string Label, Digest Genesis, Floor Floor, ImmutableArray<IpEndpoint> Endpoints, Terms? Terms);

/// <summary>Builds both sides of op join (4.4). Pure, thread-safe.</summary>
public static class JoinOperation
{
    /// <summary>The parent's side: the Links of one or more children, at most 64 to an epoch.</summary>
    /// <param name="ground">The parent's newest epoch.</param>
    /// <param name="children">The children.</param>
    /// <param name="now">Unix ms.</param>
    /// <param name="openings">16 fresh random bytes at each call.</param>
    /// <param name="refusal">TooLarge, BadName, LinkRepointed where the label is another child's, or
    /// OpMismatch.</param>
    public static EpochProposal? BuildParent(
        EpochGround ground, IReadOnlyList<JoiningChild> children, long now, Func<Hex16> openings, out Refusal? refusal)
    {
        ArgumentNullException.ThrowIfNull(ground);
        ArgumentNullException.ThrowIfNull(children);
        ArgumentNullException.ThrowIfNull(openings);
        if (children.Count > Limits.LinksPerEpoch)
        {
            refusal = new Refusal(
                VerificationFailure.TooLarge, "children",
                    $"{children.Count}, at most {Limits.LinksPerEpoch} to an epoch");
            return null;
        }

        var draft = new CandidateDraft(ground, now, openings);
        foreach (var child in children)
        {
            refusal = null;
            if (!LinkPoint.TryParse(child.Label, out var at, out refusal) || !at.IsChild)
            {
                refusal ??= new Refusal(VerificationFailure.BadName, "label", $"{child.Label} is no label of a child");
                return null;
            }

            var held = draft.Held<Link>().FirstOrDefault(l => l.At == at);
            if (held is not null && held.Genesis != child.Genesis)
            {
                refusal = new Refusal(VerificationFailure.LinkRepointed, at.Text, $"is the label of {held.Genesis}");
                return null;
            }

            draft.Put(new Link
            {
                At = at,
                Endpoints = [.. child.Endpoints.Order(CanonicalTexts.Instance)],
                Floor = child.Floor,
                Genesis = child.Genesis,
                Label = child.Label,
                Made = 0,
                Opening = default,
                Terms = child.Terms ?? held?.Terms,
            });
        }

        return draft.Build(OpType.Join, null, mayBeEmpty: false, out refusal);
    }

    /// <summary>The child's side: an uplink to a parent.</summary>
    /// <param name="ground">The child's newest epoch.</param>
    /// <param name="uplink">Parent, label, floor and endpoints; one of the same label and parent is replaced.</param>
    /// <param name="now">Unix ms.</param>
    /// <param name="refusal">TooLarge, LinkRepointed where the label is another parent's, or OpMismatch.</param>
    public static EpochProposal? BuildChild(EpochGround ground, Uplink uplink, long now, out Refusal? refusal)
    {
        ArgumentNullException.ThrowIfNull(ground);
        ArgumentNullException.ThrowIfNull(uplink);
        var others = ground.Epoch.Value.Uplinks.Where(held => held.Label != uplink.Label).ToList();
        if (ground.Epoch.Value.Uplinks.FirstOrDefault(held => held.Label == uplink.Label) is { } old
            && old.Parent != uplink.Parent)
        {
            refusal = new Refusal(VerificationFailure.LinkRepointed, uplink.Label, $"is the uplink to {old.Parent}");
            return null;
        }

        if (others.Count >= Limits.Uplinks)
        {
            refusal = new Refusal(VerificationFailure.TooLarge, "uplinks", $"at most {Limits.Uplinks}");
            return null;
        }

        return new CandidateDraft(ground, now, static () => default).Build(
            OpType.Join,
            epoch => epoch with
            {
                Uplinks = [.. others.Append(uplink).OrderBy(one => one.Label, StringComparer.Ordinal)],
            },
            mayBeEmpty: false,
            out refusal);
    }
}
