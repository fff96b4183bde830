using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;

namespace Fairlead.Cli.Demo.Checks;

/// <summary>
/// An application that only knows DNS: checkout has one address, at whose service port the proxy takes requests to its
/// endpoints; a name is NXDOMAIN once the sidecar holds a proof that it is not there.
/// </summary>
internal sealed class DnsCheck(DemoWorld world)
{
    private const int ServicePort = 80; // as the sample's Service says

    internal async Task<string> RunAsync(CancellationToken cancellationToken)
    {
        SkipWithoutLowPorts();
        var found = await AskAsync(DemoWorld.Checkout, cancellationToken).ConfigureAwait(false);
        Check.Equal("NOERROR", found.Status, $"the answer for {DemoWorld.Checkout}");
        Check.Equal(1, found.Addresses.Count, "its addresses");
        var address = found.Addresses[0];
        Check.That(IPNetwork.Parse(world.VipRange).Contains(address), $"{address} is not within {world.VipRange}");
        using var client = ProxyCheck.Client();
        var at = new IPEndPoint(address, ServicePort);
        var endpoint = await ProxyCheck.GetAsync(client, at, ProxyCheck.Endpoints(world), cancellationToken)
            .ConfigureAwait(false);

        var absent = await AskAsync(DemoWorld.Nobody, cancellationToken).ConfigureAwait(false);
        Check.Equal("NXDOMAIN", absent.Status, $"the answer for {DemoWorld.Nobody}");
        using var sidecar = new JsonApi(world.SidecarAdmin, world.Time);
        var names = await sidecar.GetAsync("names", cancellationToken).ConfigureAwait(false);
        var held = names.AsArray().FirstOrDefault(name => (string?)name!["name"] == DemoWorld.Nobody);
        Check.Equal("absent", (string?)held?["state"], "the state that NXDOMAIN was said for");
        Check.That(held!["seal"] is JsonValue, "the absence is not under a seal");
        return $"by {found.Client}: {address}, where {endpoint} answered on port {ServicePort}; "
            + $"{DemoWorld.Nobody.Split('.')[0]}: NXDOMAIN, proven under seal {held["seal"]}";
    }

    // As a stub resolver does: SERVFAIL is no word about the name, and a first traversal may take longer than DNS
    // waits.
    private async Task<DnsSaid> AskAsync(string name, CancellationToken cancellationToken)
    {
        for (var left = 10; ; left--)
        {
            var said = await DnsQuestion.AskAsync(
                world.Spawner, IPEndPoint.Parse(world.DnsAddress), name, cancellationToken).ConfigureAwait(false);
            if (said.Status != "SERVFAIL" || left == 0)
            {
                return said;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100), world.Time, cancellationToken).ConfigureAwait(false);
        }
    }

    private void SkipWithoutLowPorts()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(IPNetwork.Parse(world.VipRange).BaseAddress, ServicePort));
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.AccessDenied)
        {
            throw new CheckSkippedException(
                $"port {ServicePort} needs root here, or net.ipv4.ip_unprivileged_port_start={ServicePort}");
        }
    }
}
