using System.Collections.Immutable;
using Fairlead.Cli.Showing;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;

namespace Fairlead.Cli.Asking;

/// <summary>Asks for the members of a set, each as the name of its own that it is (trust 4.9), or takes them from a
/// file. Stateless.</summary>
internal static class SetAsking
{
    /// <summary>The members, as they are preferred; none for an answer that is no set. One that gives no answer does
    /// not keep the others from theirs.</summary>
    /// <param name="asker">Asks.</param>
    /// <param name="answer">The set.</param>
    /// <param name="wholeChains">Whether the members' answers are for a file, which verifies alone.</param>
    /// <returns>Each member, and its answer as it came where there is one.</returns>
    internal static async Task<ImmutableArray<(MemberView View, Asked? Asked)>> MembersAsync(
        HomeAsker asker, VerifiedAnswer answer, bool wholeChains, CancellationToken cancellationToken)
    {
        var members = ImmutableArray.CreateBuilder<(MemberView View, Asked? Asked)>();
        foreach (var member in Ordered(answer))
        {
            if (FullName.TryParse(NameOf(answer, member), out var name, out var refusal))
            {
                var asked = await asker.AskMoreAsync(name, wholeChains, cancellationToken).ConfigureAwait(false);
                members.Add((MemberView.Of(answer.Set!, member, asked), asked));
            }
            else
            {
                members.Add((new MemberView(member, null, refusal, []), null));
            }
        }

        return members.ToImmutable();
    }

    /// <summary>The members of a saved set, each verified from the same genesis for the same moment and as an answer to
    /// the same consumer; one that the file does not hold serves nobody.</summary>
    /// <param name="answer">The verified set.</param>
    /// <param name="saved">The file that it came from.</param>
    /// <param name="genesis">The home's, from the caller.</param>
    /// <param name="at">The moment, in unix milliseconds.</param>
    /// <param name="options">What the caller admits.</param>
    internal static ImmutableArray<MemberView> Saved(
        VerifiedAnswer answer, SavedAnswer saved, Digest genesis, long at, VerifierOptions options) =>
        [
            .. from member in Ordered(answer)
               let name = NameOf(answer, member)
               let own = saved.Members.FirstOrDefault(one => one.Query.Value.Name.Text == name)
               let verdict = own is null ? null : saved.VerifyMember(own, genesis, at, options)
               select MemberView.Of(answer.Set!, member, Verified(own, name, verdict)),
        ];

    private static Asked Verified(SavedAnswer? saved, string name, Verdict? verdict) =>
        verdict switch
        {
            Verdict.Accepted accepted => new Asked(accepted.Answer, saved!.Answer, accepted.Next.ClockDelta, []),
            Verdict.Refused { Refusal: { } refusal } => new Asked(null, null, 0, [
                new AnchorRefusal(
                    "file", refusal.Failure.ToString(), refusal.DetailFor("file"), refusal.Failure),
            ]),
            _ => new Asked(null, null, 0, [
                new AnchorRefusal("file", "NotSaved", $"no answer of {name} is in it", null),
            ]),
        };

    private static IEnumerable<SetMember> Ordered(VerifiedAnswer answer) =>
        (answer.Set?.Members ?? []).OrderBy(one => one.Priority).ThenBy(one => one.Name);

    private static string NameOf(VerifiedAnswer answer, SetMember member) =>
        answer.Name.Service?.Host is { } host ? $"{host}.{member.Name.Text}" : member.Name.Text;
}
