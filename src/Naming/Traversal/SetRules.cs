using static Fairlead.Naming.VerificationFailure;

namespace Fairlead.Naming.Traversal;

/// <summary>
/// V60: what a member of a Set must be to serve the Set's name. Each member is a query of its own and its answer is
/// verified end to end before; this is what the Set adds. Pure, thread-safe.
/// </summary>
public static class SetRules
{
    /// <summary>Whether a verified answer may stand for a member.</summary>
    /// <param name="set">The Set, as verified.</param>
    /// <param name="member">One of its members.</param>
    /// <param name="answer">The verified answer to the member's own query.</param>
    /// <returns><c>SetMismatch</c> where another segment answered than the Set says, or where the Set says who may
    /// serve and an endpoint shows somebody else, or nobody; <c>QueryMismatch</c> for an answer to another name; else
    /// null.</returns>
    public static Refusal? Check(Set set, SetMember member, VerifiedAnswer answer)
    {
        ArgumentNullException.ThrowIfNull(set);
        ArgumentNullException.ThrowIfNull(member);
        ArgumentNullException.ThrowIfNull(answer);
        // A host of the set's name is asked of each member as a host of its own name.
        if (answer.Name.Segment != member.Name.Segment || answer.Name.Service?.WithoutHost != member.Name.Service)
        {
            return new Refusal(QueryMismatch, member.Name.Text, $"an answer to {answer.Name}");
        }

        // Where the path ended before the member's segment, that segment has said nothing that could be somebody
        // else's.
        if (answer.Target.Name == member.Name.Segment && answer.Target.Genesis != member.Genesis)
        {
            return new Refusal(
                SetMismatch, member.Name.Text,
                $"{answer.Target.Name} is {answer.Target.Genesis}; the set says {member.Genesis}");
        }

        return answer.Record is { } record && !set.Identities.IsEmpty ? Identities(set, member, answer, record) : null;
    }

    // An endpoint without an identity would be reached in clear text, which is less than the Set asks for.
    private static Refusal? Identities(Set set, SetMember member, VerifiedAnswer answer, Record record)
    {
        var behind = new HashSet<string>(StringComparer.Ordinal);
        foreach (var endpoint in answer.Slices.SelectMany(slice => slice.Endpoints))
        {
            if (!answer.IsInReach(endpoint))
            {
                behind.Add(endpoint.Network!);
            }

            var shown = endpoint.Identity is { } own ? [own] : record.Identities;
            if (shown.IsEmpty)
            {
                return new Refusal(SetMismatch, member.Name.Text, $"{endpoint.Address} shows no identity");
            }

            foreach (var identity in shown)
            {
                if (!set.Identities.Contains(identity))
                {
                    return new Refusal(SetMismatch, member.Name.Text, $"{identity} is not among the set's identities");
                }
            }
        }

        // A gateway that ends the TLS itself is who is spoken to.
        foreach (var gateway in answer.Gateways.Where(gateway => behind.Contains(gateway.Network)))
        {
            if (gateway.Identities.FirstOrDefault(identity => !set.Identities.Contains(identity)) is { } other)
            {
                return new Refusal(
                    SetMismatch, member.Name.Text,
                    $"{other} of the gateway into {gateway.Network} is not among the set's identities");
            }
        }

        return null;
    }
}
