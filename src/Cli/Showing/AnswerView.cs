using System.Collections.Immutable;
using Fairlead.Cli.Asking;
using Fairlead.Naming.Traversal;

namespace Fairlead.Cli.Showing;

/// <summary>All that is shown of one verified answer.</summary>
/// <param name="Answer">The answer.</param>
/// <param name="At">The moment of its verification, in unix milliseconds.</param>
/// <param name="ClockDelta">The clock tolerance that it was verified with, in milliseconds.</param>
/// <param name="Refusals">What anchors said before.</param>
/// <param name="Notes">What a reader must not miss.</param>
internal sealed record AnswerView(
    VerifiedAnswer Answer,
    long At,
    long ClockDelta,
    ImmutableArray<AnchorRefusal> Refusals,
    ImmutableArray<string> Notes)
{
    /// <summary>The view of an answer.</summary>
    internal static AnswerView Of(
        VerifiedAnswer answer,
        long clockDelta,
        ImmutableArray<AnchorRefusal> refusals,
        params IEnumerable<string> notes)
    {
        string[] loopback = answer.UnsafeLoopbackAllowed
            ?
            [
                "UNSAFE: loopback endpoints of other segments are allowed (UnsafeAllowLoopbackEndpoints); "
                + "for development only",
            ]
            : [];
        return new AnswerView(answer, answer.VerifiedAt, clockDelta, refusals, [.. loopback, .. notes]);
    }

    /// <summary>The members of a set, as they are preferred; empty for every other answer.</summary>
    internal ImmutableArray<MemberView> Members { get; init; } = [];

    /// <summary>How long it holds: a set no longer than any member in use.</summary>
    internal Ttl Ttl => Members.Where(member => member.IsUsed).Select(member => member.View!.Answer.Ttl)
        .Append(Answer.Ttl).MinBy(ttl => ttl.EndsAt)!;

    /// <summary>What the answer says, in one word.</summary>
    internal string Outcome => Answer.Outcome switch
    {
        Naming.Traversal.Outcome.Record => "record",
        Naming.Traversal.Outcome.Set => "set",
        Naming.Traversal.Outcome.Absent => "absent",
        _ => "denied",
    };

    /// <summary>The exit code that goes with it.</summary>
    internal int ExitCode => Answer.Outcome switch
    {
        Naming.Traversal.Outcome.Record => Cli.ExitCode.Answer,
        Naming.Traversal.Outcome.Set => MemberView.ExitCodeOf(Members),
        Naming.Traversal.Outcome.Absent => Cli.ExitCode.Absent,
        _ => Cli.ExitCode.Denied,
    };
}
