using System.Collections.Immutable;
using Fairlead.Cli.Asking;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;

namespace Fairlead.Cli.Showing;

/// <summary>One member of a set: its own answer, and whether it serves the set's name. Immutable.</summary>
/// <param name="Member">What the set says of it.</param>
/// <param name="View">Its own answer; null for none.</param>
/// <param name="Mismatch">Why it does not fit the set though it was answered (V60); else null.</param>
/// <param name="Refusals">Why there is no answer.</param>
internal sealed record MemberView(
    SetMember Member, AnswerView? View, Refusal? Mismatch, ImmutableArray<AnchorRefusal> Refusals)
{
    /// <summary>Whether its endpoints serve the set's name.</summary>
    internal bool IsUsed => Mismatch is null && View?.Answer.Record is not null;

    /// <summary>The same in a word, or why it is left out.</summary>
    internal string Word => IsUsed ? "used" : $"left out: {Why}";

    private string Why => Mismatch is { } mismatch ? $"{mismatch.Failure}: {mismatch.Detail}"
        : View is { } view ? view.Outcome
        : Failures.Worst(Refusals).Refusal?.Failure ?? "no answer";

    /// <summary>A member as it was asked for.</summary>
    internal static MemberView Of(Set set, SetMember member, Asked asked) => asked.Answer is { } answer
        ? new MemberView(
            member, AnswerView.Of(answer, asked.ClockDelta, []), SetRules.Check(set, member, answer), asked.Refusals)
        : new MemberView(member, null, null, asked.Refusals);

    /// <summary>As for a name of one segment: an answer where anybody serves it; denied or absent where all are. A set
    /// whose members were not asked, as of a file, is an answer itself.</summary>
    internal static int ExitCodeOf(ImmutableArray<MemberView> members) =>
        members.IsEmpty || members.Any(member => member.IsUsed) ? ExitCode.Answer
        : members.Any(member => member.Mismatch is not null) ? ExitCode.Refused
        : members.Any(member => member.View is null)
            ? Failures.Worst([.. members.SelectMany(member => member.Refusals)]).ExitCode
        : members.Any(member => member.View!.Answer.Outcome == Outcome.Denied) ? ExitCode.Denied
        : ExitCode.Absent;
}
