using System.Text.Json.Nodes;

namespace Fairlead.Cli.Showing;

/// <summary>The members of a set for programs. Members are only ever added.</summary>
internal static class SetJson
{
    /// <summary>One object for each member; an empty list for an answer that is no set.</summary>
    internal static JsonArray Members(AnswerView view, Func<AnswerView, JsonNode> write) =>
        new([.. view.Members.Select(member => (JsonNode)new JsonObject
        {
            ["name"] = member.Member.Name.Text,
            ["genesis"] = member.Member.Genesis.ToString(),
            ["priority"] = member.Member.Priority,
            ["weight"] = member.Member.Weight,
            ["used"] = member.IsUsed,
            ["failure"] = (member.Mismatch?.Failure.ToString()) ?? Failures.Worst(member.Refusals).Refusal?.Failure,
            ["answer"] = member.View is { } own ? write(own) : null,
        })]);
}
