using System.Collections.Immutable;
using System.Text;
using Fairlead.Anchor.Hosting;
using Fairlead.Configuration;
using Fairlead.Controller.Configuration;
using Fairlead.Sidecar.Hosting;
using Xunit;

namespace Fairlead.Repository.Tests;

/// <summary>docs/configuration.md lists each member of each file with the form, the limits and the default that the
/// program asks for, and no others.</summary>
public sealed class ConfigurationDocumentTests
{
    private const string Document = "docs/configuration.md";

    /// <summary>One entry of every list and every section, so that everything in them is asked for.</summary>
    private static readonly Dictionary<string, (string Yaml, Action<ConfigurationFile> Read)> Programs = new()
    {
        ["anchor.yaml"] = (
            """
            subjects: [{key: k}]
            spiffe: [{trust_domain: a.internal, subjects: [{id: "spiffe://a.internal/x"}]}]
            tokens: [{issuer: i}]
            rates: {subject_burst: 1}
            telemetry: {otlp: "http://127.0.0.1:4318"}
            """,
            file => AnchorOptions.Read(file)),
        ["sidecar.yaml"] = (
            """
            spiffe: {certificate: c}
            ttl_cap: 1m
            xds:
              spiffe: {certificate: c}
              grpc: {domains: [{domain: a.internal}]}
              on_demand: {first_request: "127.0.0.1:15007"}
              clusters: {families: both, overprovisioning: 140, health_check: {path: /}, outliers: {failures: 1},
                limits: {retries: 1}}
            proxy: {spiffe: {certificate: c}}
            dns: {upstreams: []}
            telemetry: {otlp: "http://127.0.0.1:4318"}
            """,
            file => SidecarOptions.Read(file)),
        ["controller.yaml"] = (
            """
            copies: 1
            telemetry: {otlp: "http://127.0.0.1:4318"}
            """,
            file => ControllerOptionsReader.Parse(file, null)),
    };

    [Theory]
    [InlineData("anchor.yaml")]
    [InlineData("sidecar.yaml")]
    [InlineData("controller.yaml")]
    public void Members_AreThoseOfTheProgram(string program)
    {
        var asked = Asked(program);
        var wanted = asked.Where(one => one.Form is not ("" or ConfigurationQuestion.Section))
            .Select(one => $"| `{one.Path}` | {one.Form} | {DefaultOf(one)} |").ToList();
        var said = Rows(program);
        Assert.NotEmpty(wanted);
        Findings.None(wanted.Where(row => !said.Any(line => line.StartsWith(row, StringComparison.Ordinal)))
            .Select(row => $"{Document}: {program} has no row {row}"));
        Findings.None(said.Where(line => !wanted.Any(row => line.StartsWith(row, StringComparison.Ordinal)))
            .Select(line => $"{Document}: {program} asks for nothing of {line}"));
        Assert.Equal(wanted.Count, said.Count);
        Assert.All(said, line => Assert.NotEqual("", line.Trim('|').Split('|')[^1].Trim()));
    }

    /// <summary>The kubelet sets variables for each Service of a pod's namespace, whatever it is called.</summary>
    [Theory]
    [InlineData("anchor.yaml")]
    [InlineData("sidecar.yaml")]
    [InlineData("controller.yaml")]
    public void Variables_OfServices_StopNoProgram(string program)
    {
        string[] services =
        [
            "FAIRLEAD", "FAIRLEAD_ADMIN", "FAIRLEAD_ANCHOR", "FAIRLEAD_CONTROLLER", "FAIRLEAD_DATA", "FAIRLEAD_IMPORT",
            "FAIRLEAD_METRICS", "FAIRLEAD_STATE", "FAIRLEAD__ODD",
        ];
        string[] ends =
        [
            "PORT", "PORT_80_TCP", "PORT_80_TCP_ADDR", "PORT_80_TCP_PORT", "PORT_80_TCP_PROTO", "SERVICE_HOST",
            "SERVICE_PORT", "SERVICE_PORT_HTTP",
        ];
        Assert.Empty(Unknown(program, services.SelectMany(name => ends.Select(end => $"{name}_{end}"))));
        Assert.Equal(
            ["FAIRLEAD_ADMN", "FAIRLEAD_ADMN__PORT", "FAIRLEAD_METRIC"],
            Unknown(program, ["FAIRLEAD_ADMN", "FAIRLEAD_ADMN__PORT", "FAIRLEAD_METRIC", "FAIRLEAD_PORT"]));
    }

    /// <summary>A section's key that is nearly right is a mistake, though its end is that of a Service's.</summary>
    [Fact]
    public void Variables_OfASection_ThatEndAsAServicesDo_AreRefused() =>
        Assert.Equal(
            ["FAIRLEAD_DNS__OWN_PORT"],
            Unknown("sidecar.yaml", ["FAIRLEAD_DNS__OWN_PORT", "FAIRLEAD_ODD_PORT"]));

    private static IEnumerable<string> Unknown(string program, IEnumerable<string> variables)
    {
        var (yaml, read) = Programs[program];
        var file = ConfigurationFile.Parse(
            program, "/", Encoding.UTF8.GetBytes(yaml), variables.ToDictionary(name => name, _ => "tcp://10.0.0.1:80"));
        read(file);
        return Assert.Throws<ConfigurationException>(file.ThrowIfInvalid).Errors
            .Where(error => error.Kind == ConfigurationErrorKind.UnknownKey)
            .Select(error => error.ToString().Split(':')[0]);
    }

    // What is asked only of something that is there would be missed: all of it has to be.
    private static IReadOnlyList<ConfigurationQuestion> Asked(string program)
    {
        var (yaml, read) = Programs[program];
        var file = ConfigurationFile.Parse(
            program, "/", Encoding.UTF8.GetBytes(yaml), ImmutableDictionary<string, string>.Empty);
        read(file);
        var kinds = Assert.Throws<ConfigurationException>(file.ThrowIfInvalid).Errors.Select(error => error.Kind);
        Assert.DoesNotContain(ConfigurationErrorKind.UnknownKey, kinds);
        Assert.DoesNotContain(ConfigurationErrorKind.Syntax, kinds);
        var asked = file.Questions;
        Assert.All(
            asked.Where(one => one.Form is "" or ConfigurationQuestion.Section
                || one.Form.EndsWith(" mappings", StringComparison.Ordinal)),
            one => Assert.True(
                asked.Any(other => other.Path.StartsWith(one.Path + ".", StringComparison.Ordinal)
                    || other.Path.StartsWith(one.Path + "[]", StringComparison.Ordinal)),
                $"give {program} of this test an entry of {one.Path}"));
        return asked;
    }

    // Where there is no IPv6 the same port is open by IPv4 alone.
    private static string DefaultOf(ConfigurationQuestion question) => question.IsRequired ? "required"
        : question.Default?.Replace("0.0.0.0:", "[::]:", StringComparison.Ordinal) ?? "none";

    private static IReadOnlyList<string> Rows(string program) =>
    [
        .. RepositoryRoot.Read(Document).Split('\n')
            .SkipWhile(line => line != $"## {program}").Skip(1)
            .TakeWhile(line => !line.StartsWith("## ", StringComparison.Ordinal))
            .Where(line => line.StartsWith("| `", StringComparison.Ordinal)),
    ];
}
