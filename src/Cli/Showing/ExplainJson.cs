using System.Text.Json.Nodes;
using Fairlead.Naming;

namespace Fairlead.Cli.Showing;

/// <summary>An explanation for programs. Members are only ever added. Durations are milliseconds.</summary>
internal static class ExplainJson
{
    internal static string Write(Explanation explanation) => ObjectOf(explanation).ToJsonString(AnswerJson.Indented);

    private static JsonObject ObjectOf(Explanation explanation)
    {
        var answer = explanation.View.Answer;
        var ttl = explanation.View.Ttl;
        var (left, bound) = ttl.At(explanation.View.At);
        var json = new JsonObject
        {
            ["name"] = answer.Name.Text,
            ["outcome"] = explanation.View.Outcome,
            ["ttl_ms"] = left,
            ["bound"] = bound,
            ["bound_segment"] = ttl.Bound.Segment,
            ["hops"] = new JsonArray([.. explanation.Hops.Select(HopOf)]),
            ["limits"] = new JsonArray([.. explanation.Limits.Select(limit => (JsonNode)new JsonObject
            {
                ["kind"] = limit.Kind,
                ["text"] = limit.Text,
            })]),
            ["notes"] = new JsonArray([.. explanation.View.Notes.Select(note => (JsonNode)note)]),
        };
        if (answer.Set is not null)
        {
            json["members"] = SetJson.Members(explanation.View, view => ObjectOf(Explanation.Of(view)));
        }

        return json;
    }

    private static JsonObject HopOf(Explanation.Decision decision)
    {
        var (hop, attest) = (decision.Hop, decision.Attest);
        var json = new JsonObject
        {
            ["segment"] = hop.Name.Text,
            ["role"] = attest.Role,
            ["decision"] = attest.Allowed ? "allow" : "deny",
            ["why"] = decision.Why,
            ["about"] = attest.Scope.Text,
            ["subject"] = attest.Subject?.ToString(),
            ["anchors"] = new JsonArray([.. hop.Attests.Select(one => (JsonNode)one.Anchor)]),
            ["epoch"] = hop.Epoch.Value.Number,
            ["policy"] = hop.Epoch.Value.PolicyDigest.ToString(),
            ["max_hops"] = hop.Epoch.Value.Policy.MaxHops,
            ["assurance"] = new JsonArray([.. hop.Epoch.Value.Quorum.Assurance.Select(tag => (JsonNode)tag)]),
        };
        if (attest.Rule is { } rule)
        {
            json["rule"] = new JsonObject { ["digest"] = rule.ToString(), ["id"] = attest.RuleId };
        }

        if (attest.Constraints is { } constraints)
        {
            json["constraints"] = Of(constraints);
        }

        return json;
    }

    private static JsonObject Of(Constraints constraints)
    {
        var json = new JsonObject();
        if (constraints.MaxTtl is { } ttl)
        {
            json["max_ttl"] = ttl;
        }

        if (!constraints.Regions.IsDefaultOrEmpty)
        {
            json["regions"] = new JsonArray([.. constraints.Regions.Select(region => (JsonNode)region)]);
        }

        return json;
    }
}
