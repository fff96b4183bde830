using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Fairlead.Sidecar.Translation;
using Fairlead.Xds;

namespace Fairlead.Sidecar.Tests.Translation;

/// <summary>
/// What is served for a name, in (served.json), against what each kind of client gets, out (envoy.golden.json,
/// grpc.golden.json). One folder per case.
/// </summary>
public sealed class TranslationTests
{
    private static readonly JsonSerializerOptions Strict = new(JsonSerializerOptions.Strict)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    public static TheoryData<string, string> Cases()
    {
        var cases = new TheoryData<string, string>();
        foreach (var folder in Directory.GetDirectories(Golden.Folder()).Order(StringComparer.Ordinal))
        {
            cases.Add(Path.GetFileName(folder), "envoy");
            cases.Add(Path.GetFileName(folder), "grpc");
        }

        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Name_OfACase_TranslatesAsReviewed(string name, string client)
    {
        var (input, kind) = Read(name, client);
        var resources = Resources(kind, input).ToList();
        var shown = new JsonArray([.. resources.Select(one =>
        {
            var node = Golden.Show(one.Resource).AsObject();
            if (one.Resource.Until is { } until)
            {
                node["ends_at"] = until.ToString();
            }

            node["in_everything"] = one.Wildcard;
            return (JsonNode)node;
        })]);
        Golden.Check(Path.Combine(Golden.Folder(), name, $"{client}.golden.json"), shown);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Name_TranslatedTwice_GivesEqualBytes(string name, string client)
    {
        var (input, kind) = Read(name, client);
        var (again, _) = Read(name, client);
        again = again with { Served = again.Served with { Endpoints = [.. again.Served.Endpoints.Reverse()] } };
        Assert.Equal(Resources(kind, input).Select(one => one.Resource.Version),
            Resources(kind, again).Select(one => one.Resource.Version));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Name_OfACase_LeavesNoReferenceOpenAndNamesNothingTwice(string name, string client)
    {
        var (input, kind) = Read(name, client);
        var resources = Resources(kind, input).Select(one => one.Resource).ToList();
        Assert.Distinct(resources.Select(resource => (resource.Type, resource.Name)));
        var references = resources.SelectMany(resource => resource.References)
            .Where(reference => !input.Served.IsPending
                || (reference.Type != ResourceType.Endpoints && reference.Type != ResourceType.Secret)).ToList();

        // Whoever is told a locator of endpoints asks for it by that.
        var asked = references.Where(one => one.Type == ResourceType.Endpoints && Collections.IsLocator(one.Name))
            .Select(one => one.Name).ToList();
        resources.AddRange(ServiceResources.Of(
            AudienceOf(kind, input), input.Served, DemandOf(kind, input) with { Assignments = asked })
            .Select(one => one.Resource));
        foreach (var reference in references)
        {
            // Of what is pending nothing is said of endpoints and who they are; who asks is answered when it is known.
            Assert.Contains(resources, resource => resource.Type == reference.Type && resource.Name == reference.Name);
        }
    }

    private static IEnumerable<(Resource Resource, bool Wildcard)> Resources(ClientKind kind, Case input)
    {
        foreach (var one in ServiceResources.Of(AudienceOf(kind, input), input.Served, DemandOf(kind, input)))
        {
            yield return one;
        }

        if (kind == ClientKind.Envoy && input.IsImport)
        {
            yield return (Resource.Create(RouteTranslation.Standalone([input.Served])), false);
        }
    }

    private static Audience AudienceOf(ClientKind kind, Case input) => (kind == ClientKind.Grpc ? Audience.Grpc
        : input.Endpoints == EndpointSource.Ads ? Audience.Envoy
        : new Audience(ClientKind.Envoy, EndpointSource.Stream, input.Endpoints)) with
        {
            Settings = input.Settings ?? ClusterSettings.Default,
        };

    private static Demand DemandOf(ClientKind kind, Case input) => new(
        input.IsImport,
        input.IsMember && kind == ClientKind.Envoy ? [""] : [],
        input.Spellings,
        kind == ClientKind.Envoy ? input.Assignments ?? [] : [],
        input.IsOverdue);

    private static (Case Input, ClientKind Kind) Read(string name, string client)
    {
        var text = File.ReadAllText(Path.Combine(Golden.Folder(), name, "served.json"));
        return (JsonSerializer.Deserialize<Case>(text, Strict)!, client == "envoy" ? ClientKind.Envoy
            : ClientKind.Grpc);
    }

    internal sealed record Case(
        bool IsImport,
        string[] Spellings,
        ServedName Served,
        bool IsMember = false,
        string[]? Assignments = null,
        bool IsOverdue = false,
        EndpointSource Endpoints = EndpointSource.Ads,
        ClusterSettings? Settings = null);
}
