using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Fairlead.TestKit.Processes;

namespace Fairlead.EndToEnd.Tests.Demo;

/// <summary>What a demo that was kept says of itself, and what its users do with it.</summary>
internal sealed partial class DemoEnvironment
{
    internal const string Checkout = "checkout.shop.svc.us1.internal";

    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromMinutes(2) };

    private DemoEnvironment(IReadOnlyList<KeyValuePair<string, string>> lines) => Lines = lines;

    /// <summary>The lines of the file, in their order.</summary>
    internal IReadOnlyList<KeyValuePair<string, string>> Lines { get; }

    internal string this[string key] => Lines.Single(line => line.Key == key).Value;

    /// <summary>The demo's own folder.</summary>
    internal string Folder => Path.GetDirectoryName(this["MANIFESTS_DIR"])!;

    /// <summary>The manifests of us1.</summary>
    internal string Us1 => Path.Combine(this["MANIFESTS_DIR"], "us1.internal");

    /// <summary>Where its Envoy listens for applications.</summary>
    internal int EnvoyPort => int.Parse(
        ListenerPort().Match(File.ReadAllText(this["ENVOY_BOOTSTRAP"])).Groups["port"].Value,
        CultureInfo.InvariantCulture);

    /// <summary>N of the block 127.N.0.0/16 in which the endpoints are.</summary>
    internal int Block => int.Parse(
        EndpointAddress().Match(File.ReadAllText(Path.Combine(Us1, "checkout.yaml"))).Groups["block"].Value,
        CultureInfo.InvariantCulture);

    /// <summary>Waits until the demo wrote its file.</summary>
    internal static async Task<DemoEnvironment> WaitForAsync(
        ChildProcess demo, string file, TimeSpan patience, CancellationToken cancellationToken)
    {
        await Eventually.HoldsAsync(
            () => Task.FromResult(File.Exists(file) || demo.HasExited), done => done, patience, cancellationToken);
        if (!File.Exists(file))
        {
            var (code, output) = await demo.WaitForExitAsync(patience, cancellationToken);
            throw new InvalidOperationException($"the demo ended with {code}: {output}{demo.Errors}");
        }

        var lines = await File.ReadAllLinesAsync(file, cancellationToken);
        return new(
            [.. lines.Select(line => line.Split('=', 2)).Select(pair => KeyValuePair.Create(pair[0], pair[^1]))]);
    }

    /// <summary>Asks as the pod of eu1 does.</summary>
    internal Task<ProgramRun> FairleadAsync(string verb, string name, params string[] more) => Programs.FairleadAsync(
        [verb, name, "--bootstrap", this["BOOTSTRAP_FILE"], "--key", this["KEY_FILE"], .. more]);

    /// <summary>A page of the sidecar's admin address.</summary>
    internal async Task<JsonNode> PageAsync(string page, CancellationToken cancellationToken) =>
        JsonNode.Parse(
            await Http.GetStringAsync(new Uri($"http://{this["ADMIN_ADDRESS"]}/{page}"), cancellationToken))!;

    /// <summary>
    /// One request for <see cref="Checkout"/> through Envoy: the status and the endpoint that answered.
    /// </summary>
    internal async Task<(HttpStatusCode Status, string Endpoint)> RequestAsync(CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://127.0.0.1:{EnvoyPort}/");
        request.Headers.Host = Checkout;
        using var response = await Http.SendAsync(request, cancellationToken);
        return (response.StatusCode, (await response.Content.ReadAsStringAsync(cancellationToken)).Trim());
    }

    [GeneratedRegex(@"name: outbound\s+address:\s+socket_address: \{ address: [\d.]+, port_value: (?<port>\d+) \}")]
    private static partial Regex ListenerPort();

    [GeneratedRegex(@"127\.(?<block>\d+)\.21\.11")]
    private static partial Regex EndpointAddress();
}
