using System.Globalization;
using System.Text;

namespace Fairlead.Cli.Showing;

/// <summary>The members of a set for people: in which order they serve its name, and why one does not.</summary>
internal static class SetText
{
    /// <summary>One line for each member, the endpoints of those in use below it.</summary>
    internal static void AppendMembers(StringBuilder text, AnswerView view, Palette palette)
    {
        foreach (var member in view.Members)
        {
            text.AppendLine(Line(member, palette));
            foreach (var slice in member.IsUsed ? member.View!.Answer.Slices : [])
            {
                foreach (var endpoint in slice.Endpoints)
                {
                    text.AppendLine(
                        CultureInfo.InvariantCulture, $"  {AnswerText.EndpointOf(slice, endpoint, palette)}");
                }
            }
        }
    }

    /// <summary>Each member with all that <paramref name="write"/> says of its own answer.</summary>
    internal static void AppendEach(
        StringBuilder text, AnswerView view, Palette palette, Func<AnswerView, string> write)
    {
        foreach (var member in view.Members)
        {
            text.AppendLine();
            text.AppendLine(Line(member, palette));
            foreach (var refusal in member.Refusals)
            {
                text.AppendLine(palette.Bad($"refused {refusal.Anchor}: {refusal.Failure} ({refusal.Detail})"));
            }

            text.Append(member.View is { } own ? write(own) : "");
        }
    }

    private static string Line(MemberView member, Palette palette)
    {
        var place = string.Create(
            CultureInfo.InvariantCulture, $"priority {member.Member.Priority}, weight {member.Member.Weight}");
        var line = $"member {member.Member.Name} {place}, {member.Word}";
        return member.IsUsed ? palette.Good(line) : palette.Bad(line);
    }
}
