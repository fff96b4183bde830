using System.Globalization;
using Fairlead.TestKit.Processes;

namespace Fairlead.Bench;

/// <summary>
/// internal, acme.internal and us1.acme.internal as signed zones, each served by an nsd of its own and delegated to by
/// the one above; and an unbound that validates them from the key of the first. Disposing it ends all four.
/// </summary>
internal sealed class SignedZones : IAsyncDisposable
{
    /// <summary>The lowest zone: a segment's name.</summary>
    public const string Lowest = "us1.acme.internal";

    private const string Algorithm = "ECDSAP256SHA256";
    private static readonly (string Zone, string Server)[] Chain =
        [("internal", "127.53.0.1"), ("acme.internal", "127.53.0.2"), (Lowest, "127.53.0.3")];

    private readonly UnboundTools _tools;
    private readonly ScratchFolder _folder = new();
    private readonly List<ChildProcess> _servers = [];

    private SignedZones(UnboundTools tools) => _tools = tools;

    /// <summary>Where the name servers listen.</summary>
    public static IEnumerable<string> Servers => Chain.Select(one => one.Server);

    /// <summary>Where unbound listens, on 127.0.0.1.</summary>
    public int Port { get; } = ChildRun.FreePorts(1)[0];

    /// <summary>Signs the zones and starts the servers.</summary>
    /// <param name="tools">The programs.</param>
    /// <param name="hosts">Names with three addresses each, in the lowest zone.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public static async Task<SignedZones> StartAsync(
        UnboundTools tools, IEnumerable<string> hosts, CancellationToken cancellationToken)
    {
        var zones = new SignedZones(tools);
        try
        {
            await zones.StartAsync([.. hosts], cancellationToken);
            return zones;
        }
        catch
        {
            await zones.DisposeAsync();
            throw;
        }
    }

    /// <summary>Has unbound forget everything that it heard of these zones, keys included.</summary>
    public Task FlushAsync(CancellationToken cancellationToken) => _tools.RunAsync(
        "usr/sbin/unbound-control", ["-c", "unbound.conf", "flush_zone", Chain[0].Zone], _folder.Path,
        cancellationToken);

    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers)
        {
            await server.DisposeAsync();
        }

        _folder.Dispose();
    }

    private async Task StartAsync(IReadOnlyList<string> hosts, CancellationToken cancellationToken)
    {
        // From below, since the digest of a zone's key stands in the zone above it.
        var records = hosts.SelectMany(host => Enumerable.Range(1, 3).Select(i => $"{host}. A 127.64.0.{i}"));
        var below = "";
        for (var i = Chain.Length - 1; i >= 0; i--)
        {
            var (zone, server) = Chain[i];
            var leads = i + 1 < Chain.Length ? Delegation(Chain[i + 1]) : records;
            string[] lines =
            [
                $"$ORIGIN {zone}.", "$TTL 300", "@ SOA ns hostmaster 1 3600 600 86400 60", "@ NS ns", $"ns A {server}",
                .. leads, below,
            ];
            await File.WriteAllLinesAsync(_folder.File(zone), lines, cancellationToken);
            below = await SignAsync(zone, cancellationToken);
            await File.WriteAllTextAsync(_folder.File(zone + ".conf"), Nsd(zone, server), cancellationToken);
            _servers.Add(_tools.Start("usr/sbin/nsd", "-d", "-c", _folder.File(zone + ".conf")));
        }

        await File.WriteAllTextAsync(_folder.File("anchor"), below, cancellationToken);
        await File.WriteAllTextAsync(_folder.File("unbound.conf"), Unbound(), cancellationToken);
        _servers.Add(_tools.Start("usr/sbin/unbound", "-d", "-c", _folder.File("unbound.conf")));
    }

    private static IEnumerable<string> Delegation((string Zone, string Server) child) =>
        [$"{child.Zone}. NS ns.{child.Zone}.", $"ns.{child.Zone}. A {child.Server}"];

    // Signs a zone with one key; returns the record of that key's digest.
    private async Task<string> SignAsync(string zone, CancellationToken cancellationToken)
    {
        var made = await _tools.RunAsync(
            "usr/bin/ldns-keygen", ["-a", Algorithm, "-k", zone], _folder.Path, cancellationToken);
        var key = made.Trim();
        await _tools.RunAsync("usr/bin/ldns-signzone", [zone, key], _folder.Path, cancellationToken);
        return await File.ReadAllTextAsync(_folder.File(key + ".ds"), cancellationToken);
    }

    private string Nsd(string zone, string server) => string.Create(
        CultureInfo.InvariantCulture,
        $"""
        server:
          ip-address: {server}@{UnboundTools.Port}
          zonesdir: "{_folder.Path}"
          chroot: ""
          username: ""
          pidfile: ""
          database: ""
          zonelistfile: "{_folder.File(zone + ".list")}"
          xfrdfile: ""
        remote-control:
          control-enable: no
        zone:
          name: "{zone}"
          zonefile: "{zone}.signed"

        """);

    private string Unbound() => string.Create(
        CultureInfo.InvariantCulture,
        $"""
        server:
          interface: 127.0.0.1@{Port}
          do-ip6: no
          do-not-query-localhost: no
          chroot: ""
          username: ""
          pidfile: ""
          directory: "{_folder.Path}"
          trust-anchor-file: "{_folder.File("anchor")}"
          use-syslog: no
        remote-control:
          control-enable: yes
          control-interface: "{_folder.File("control")}"
          control-use-cert: no
        stub-zone:
          name: "{Chain[0].Zone}"
          stub-addr: {Chain[0].Server}@{UnboundTools.Port}

        """);
}
