using System.Net;

namespace Fairlead.Cli.Demo.Checks.Acme;

/// <summary>
/// Names of a sibling and of a stranger resolve over acme; one name of us1, asked for in four ways, is one verified
/// endpoint.
/// </summary>
internal sealed class PathsCheck(DemoWorld world)
{
    internal async Task<string> RunAsync(CancellationToken cancellationToken)
    {
        var sibling = await PathAsync(AcmePlan.Checkout, cancellationToken).ConfigureAwait(false);
        Check.Equal($"{AcmePlan.Eu1} {AcmePlan.Acme} {AcmePlan.Us1}", sibling.Path, "the path to a sibling");
        var foreign = await PathAsync(AcmePlan.Rates, cancellationToken).ConfigureAwait(false);
        Check.Equal($"{AcmePlan.Eu1} {AcmePlan.Acme} {AcmePlan.Partner}", foreign.Path, "the path to a stranger");
        var (_, verified) = await PathAsync(AcmePlan.Catalog, cancellationToken).ConfigureAwait(false);
        var ways = await AskAsync(cancellationToken).ConfigureAwait(false);
        foreach (var (way, endpoint) in ways)
        {
            Check.Equal(verified, endpoint, $"the endpoint that {way} reached");
        }

        return $"{AcmePlan.Checkout}: {sibling.Path}; {AcmePlan.Rates}: {foreign.Path}\n"
            + $"{AcmePlan.Catalog}: {verified} as verified, and by {string.Join(", ", ways.Select(one => one.Way))}"
            + (world.EnvoyAbsence is { } absence ? $" ({absence})" : "");
    }

    private async Task<IReadOnlyList<(string Way, string Endpoint)>> AskAsync(CancellationToken cancellationToken)
    {
        var client = new GrpcClient(world);
        var port = ManifestEndpoints.PortOf(world.Peer.Manifests, "catalog");
        var said = await DnsQuestion.AskAsync(
            world.Spawner, IPEndPoint.Parse(world.DnsAddress), AcmePlan.Catalog, cancellationToken)
            .ConfigureAwait(false);
        Check.Equal(1, said.Addresses.Count, $"addresses in DNS ({said.Status})");
        List<(string Way, string Target, string? Authority)> ways =
        [
            ("the proxy", world.ProxyH2cAddress, AcmePlan.Catalog),
            ("xds:///", "xds:///" + AcmePlan.Catalog, null),
            ($"the address of DNS ({said.Addresses[0]})", $"{said.Addresses[0]}:{port}", AcmePlan.Catalog),
        ];
        try
        {
            await world.StartEnvoyAsync(cancellationToken).ConfigureAwait(false);
            ways.Add(("Envoy", world.EnvoyListener.ToString(), AcmePlan.Catalog));
        }
        catch (CheckSkippedException)
        {
            // The other three ways hold without one; the report says why it is not among them.
        }

        var found = new List<(string, string)>();
        foreach (var (way, target, authority) in ways)
        {
            var answered = await client.CallAsync(target, authority, 1, cancellationToken).ConfigureAwait(false);
            found.Add((way, answered[0]));
        }

        return found;
    }

    private async Task<(string Path, string Endpoint)> PathAsync(string name, CancellationToken cancellationToken)
    {
        var run = await Cli.ResolveAsync(world, name, cancellationToken).ConfigureAwait(false);
        Check.Equal(ExitCode.Answer, run.ExitCode, $"resolve {name} ({run.Output}{run.Error})");
        var answer = run.Json();
        var path = string.Join(' ', answer["path"]!.AsArray().Select(hop => (string?)hop));
        var endpoint = answer["endpoints"]!.AsArray()[0]!;
        return (path, $"{endpoint["address"]}:{endpoint["ports"]?.AsArray()[0]}");
    }
}
