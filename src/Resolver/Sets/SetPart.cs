using Fairlead.Naming;
using Fairlead.Naming.Traversal;

namespace Fairlead.Resolver.Sets;

/// <summary>One member of a Set as it stands at one moment. Immutable, thread-safe.</summary>
/// <param name="Member">What the Set says of it.</param>
/// <param name="Name">The member's own name as the cache has it; null where it was not asked for yet.</param>
/// <param name="Mismatch">Why it does not fit the Set though its own name may resolve (V60); null where it
/// fits.</param>
public sealed record SetPart(SetMember Member, CachedName? Name, Refusal? Mismatch)
{
    /// <summary>What a user can see of it; of one that does not fit, the state of its own name.</summary>
    public NameState State => Name?.State ?? NameState.Pending;

    /// <summary>Whether its endpoints serve the Set's name now.</summary>
    public bool IsUsed => Mismatch is null && Name is { IsServed: true, Answer.Record: not null };

    /// <summary>Whether anything was ever verified of it, so that clients may hold its endpoints.</summary>
    public bool HasVerdict => Mismatch is not null || Name?.Answer is not null;

    /// <summary>Whether nothing is known of it and nothing forbids what clients may hold of it since before a restart:
    /// it was not heard of yet, or is merely out of reach.</summary>
    public bool IsOpen => !HasVerdict && (State == NameState.Pending
        || (State == NameState.Unreachable && Name?.Refused is null));

    internal static SetPart Of(Set set, SetMember member, string? asked, CachedName? name)
    {
        var mismatch = asked is null
            ? new Refusal(VerificationFailure.BadName, member.Name.Text, "too long with the host in front of it")
            : name?.Answer is { } answer ? SetRules.Check(set, member, answer) : null;
        return new SetPart(member, name, mismatch);
    }
}
