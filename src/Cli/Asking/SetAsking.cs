using System.Collections.Immutable;
using Fairlead.Cli.Showing;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;

namespace Fairlead.Cli.Asking;

/// <summary>Asks for the members of a set, each as the name of its own that it is (trust 4.9). Stateless.</summary>
internal static class SetAsking
{
    /// <summary>The members, as they are preferred; none for an answer that is no set. One that gives no answer does
    /// not keep the others from theirs.</summary>
    internal static async Task<ImmutableArray<MemberView>> MembersAsync(
        HomeAsker asker, VerifiedAnswer answer, CancellationToken cancellationToken)
    {
        var members = ImmutableArray.CreateBuilder<MemberView>();
        var host = answer.Name.Service?.Host;
        foreach (var member in (answer.Set?.Members ?? []).OrderBy(one => one.Priority).ThenBy(one => one.Name))
        {
            var text = host is null ? member.Name.Text : $"{host}.{member.Name.Text}";
            if (FullName.TryParse(text, out var name, out var refusal))
            {
                var asked = await asker.AskMoreAsync(name, cancellationToken).ConfigureAwait(false);
                members.Add(MemberView.Of(answer.Set!, member, asked));
            }
            else
            {
                members.Add(new MemberView(member, null, refusal, []));
            }
        }

        return members.ToImmutable();
    }
}
