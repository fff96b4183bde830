using System.Text.Json;
using System.Text.Json.Nodes;
using Fairlead.Cli.Asking;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;

namespace Fairlead.Cli.Showing;

/// <summary>An answer as JSON for programs. Members are only ever added. Times are unix milliseconds.</summary>
internal static class AnswerJson
{
    /// <summary>How answers and explanations are written.</summary>
    internal static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>The answer with its evidence.</summary>
    internal static string Write(AnswerView view) => ObjectOf(view).ToJsonString(Indented);

    private static JsonObject ObjectOf(AnswerView view)
    {
        var answer = view.Answer;
        var (left, bound) = view.Ttl.At(view.At);
        var json = new JsonObject
        {
            ["name"] = answer.Name.Text,
            ["outcome"] = view.Outcome,
            ["ttl_ms"] = left,
            ["bound"] = bound,
            ["ttl_parts"] = List(answer.Ttl.Parts, part => PartOf(part, view.At)),
            ["path"] = List(answer.Hops, hop => (JsonNode)hop.Name.Text),
            ["clock_delta"] = view.ClockDelta,
            ["verified_at"] = view.At,
            ["hops"] = List(answer.Hops, HopOf),
        };
        if (answer.Record is { } record)
        {
            json["record"] = RecordOf(record, answer.RecordDigest);
        }

        json["endpoints"] = List(
            answer.Slices.SelectMany(slice => slice.Endpoints.Select(endpoint => EndpointOf(slice, endpoint))),
            node => node);
        json["refusals"] = List(view.Refusals, RefusalOf);
        json["notes"] = List(view.Notes, note => (JsonNode)note);
        if (answer.Set is not null)
        {
            json["members"] = SetJson.Members(view, ObjectOf);
        }

        return json;
    }

    /// <summary>That there is no answer, and why.</summary>
    internal static string WriteFailure(string name, string outcome, IEnumerable<AnchorRefusal> refusals) =>
        new JsonObject
    {
        ["name"] = name,
        ["outcome"] = outcome,
        ["refusals"] = List(refusals, RefusalOf),
    }.ToJsonString(Indented);

    private static JsonObject PartOf(TtlPart part, long at)
    {
        var json = new JsonObject { ["name"] = part.Name, ["ms"] = part.EndsAt - at };
        AddIf(json, "segment", part.Segment);
        return json;
    }

    private static JsonObject HopOf(VerifiedHop hop)
    {
        var json = new JsonObject
        {
            ["segment"] = hop.Name.Text,
            ["genesis"] = hop.Genesis.ToString(),
            ["kind"] = AnswerText.KindOf(hop.Kind),
            ["introduces"] = hop.Introduces,
            ["epoch"] = new JsonObject
            {
                ["number"] = hop.Epoch.Value.Number,
                ["digest"] = hop.Epoch.Digest.ToString(),
                ["expires"] = hop.Epoch.Value.Expires,
            },
            ["policy"] = new JsonObject
            {
                ["max_ttl"] = hop.Epoch.Value.Policy.MaxTtl,
                ["introduction_max_age"] = hop.Epoch.Value.Policy.IntroductionMaxAge,
            },
            ["assurance"] = List(hop.Epoch.Value.Quorum.Assurance, tag => (JsonNode)tag),
        };
        if (hop.Seal is { } seal)
        {
            json["seal"] = new JsonObject
            {
                ["epoch"] = seal.Position.Epoch,
                ["seq"] = seal.Position.Seq,
                ["digest"] = seal.Position.Digest.ToString(),
                ["issued"] = seal.Issued,
                ["expires"] = seal.Expires,
                ["count"] = seal.Count,
                ["signers"] = List(seal.Signers, signer => (JsonNode)signer),
            };
        }

        if (hop.IntroducedUntil is { } until)
        {
            json["introduced_until"] = until;
        }

        json["attests"] = List(hop.Attests, AttestOf);
        return json;
    }

    private static JsonObject AttestOf(VerifiedAttest attest)
    {
        var json = new JsonObject
        {
            ["anchor"] = attest.Anchor,
            ["decision"] = attest.Allowed ? "allow" : "deny",
            ["expires"] = attest.Expires,
        };
        AddIf(json, "rule", attest.RuleId);
        return json;
    }

    private static JsonObject RecordOf(Record record, Digest? digest) => new()
    {
        ["digest"] = digest?.ToString(),
        ["name"] = record.Name.Text,
        ["version"] = record.Version,
        ["uid"] = record.Uid.ToString(),
        ["type"] = record.Kind,
        ["ports"] = List(record.Ports, PortOf),
        ["ttl_max"] = record.TtlMax,
        ["expires"] = record.Expires,
        ["publisher"] = record.Publisher.ToString(),
    };

    private static JsonObject PortOf(Port port)
    {
        var json = new JsonObject { ["number"] = port.Number, ["protocol"] = port.Protocol };
        AddIf(json, "name", port.Name);
        return json;
    }

    private static JsonObject EndpointOf(Slice slice, SliceEndpoint endpoint)
    {
        var json = new JsonObject
        {
            ["address"] = endpoint.Address,
            ["ports"] = List(slice.Ports, port => (JsonNode)port),
        };
        AddIf(json, "region", slice.Region);
        AddIf(json, "zone", endpoint.Zone);
        if (endpoint.Weight is { } weight)
        {
            json["weight"] = weight;
        }

        AddIf(json, "state", endpoint.State);
        AddIf(json, "host", endpoint.Host);
        return json;
    }

    private static JsonObject RefusalOf(AnchorRefusal refusal) => new()
    {
        ["anchor"] = refusal.Anchor,
        ["failure"] = refusal.Failure,
        ["detail"] = refusal.Detail,
    };

    private static JsonArray List<T>(IEnumerable<T> items, Func<T, JsonNode> map) => new([.. items.Select(map)]);

    private static void AddIf(JsonObject json, string member, string? value)
    {
        if (value is not null)
        {
            json[member] = value;
        }
    }
}
