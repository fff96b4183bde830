using System.Net;
using Fairlead.TestKit;
using Fairlead.TestKit.Processes;

namespace Fairlead.Sidecar.Tests.Dns;

/// <summary>Foreign DNS clients and servers, found or skipped with the reason.</summary>
internal static class DnsPrograms
{
    private const int WellKnownPort = 53;

    // Below those that the system gives to whoever wants any.
    private const int OtherPort = 15353;

    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(3);
    private static int _addresses;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>An address of this process and call alone, on port 53: resolv.conf cannot say another.</summary>
    internal static IPEndPoint OwnPort53() => new(OwnAddress().Address, WellKnownPort);

    /// <summary>The same on a port that needs no rights, and that nobody has.</summary>
    internal static IPEndPoint OwnAddress()
    {
        var id = Environment.ProcessId;
        return new IPEndPoint(
            new IPAddress([127, (byte)(100 + (Interlocked.Increment(ref _addresses) % 100)), (byte)(id >> 8),
                (byte)(1 | id)]),
            OtherPort);
    }

    /// <summary>dig's whole output.</summary>
    internal static async Task<string> DigAsync(IPEndPoint server, params string[] arguments) => await RunAsync(
        Find("dig"), [$"@{server.Address}", "-p", $"{server.Port}", "+timeout=120", "+tries=1", .. arguments]);

    /// <summary>dig's <c>+short</c> lines, ascending.</summary>
    internal static async Task<string> ShortAsync(IPEndPoint server, params string[] arguments)
    {
        var lines = (await DigAsync(server, ["+short", .. arguments]))
            .Split('\n', StringSplitOptions.RemoveEmptyEntries);
        return string.Join(' ', lines.Order(StringComparer.Ordinal));
    }

    /// <summary>delv's whole output, without validation: there is no chain of DNSSEC to these names.</summary>
    internal static Task<string> DelvAsync(IPEndPoint server, params string[] arguments) =>
        RunAsync(Find("delv"), ["-i", $"@{server.Address}", "-p", $"{server.Port}", .. arguments]);

    /// <summary>
    /// A program's output where the system's resolver asks this server only: in a mount namespace of its own.
    /// </summary>
    internal static async Task<string> RunWithResolverAsync(IPEndPoint server, string program,
        params string[] arguments)
    {
        var unshare = Find("unshare");
        var folder = Directory.CreateTempSubdirectory("fairlead-resolver-");
        try
        {
            var (conf, order) = (Path.Combine(folder.FullName, "conf"), Path.Combine(folder.FullName, "order"));
            await File.WriteAllTextAsync(conf, $"nameserver {server.Address}\noptions timeout:30 attempts:1\n", Token);
            await File.WriteAllTextAsync(order, "hosts: dns\n", Token);
            const string Mount = """
                mount --bind "$0" /etc/resolv.conf && mount --bind "$1" /etc/nsswitch.conf && shift && exec "$@"
                """;
            string[] inside = ["-m", "sh", "-c", Mount, conf, order];
            var (code, _, error) = await PeerTools.RunAsync(unshare, [.. inside, "true"], null, Token);
            Assert.SkipWhen(code != 0, $"no mount namespace of its own for the resolver's files: {error.Trim()}");
            return await RunAsync(unshare, [.. inside, Find(program), .. arguments]);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>A CoreDNS on this address that forwards everything to that server.</summary>
    internal static async Task<ChildProcess> StartCoreDnsAsync(IPEndPoint address, IPEndPoint server)
    {
        var program = Environment.GetEnvironmentVariable("COREDNS");
        Assert.SkipWhen(string.IsNullOrEmpty(program)
            || !File.Exists(program), "no CoreDNS: set COREDNS to its program");
        var folder = Directory.CreateTempSubdirectory("fairlead-coredns-");
        var corefile = Path.Combine(folder.FullName, "Corefile");
        await File.WriteAllTextAsync(
            corefile, $".:{address.Port} {{\n  bind {address.Address}\n  errors\n  forward . {server}\n}}\n", Token);
        var process = ChildProcess.Start(program!, ["-conf", corefile]);
        // It prints its banner once it listens.
        for (var line = ""; !line.StartsWith("CoreDNS-", StringComparison.Ordinal);)
        {
            line = await process.ReadLineAsync(Bound, Token);
        }

        folder.Delete(recursive: true); // it has been read
        return process;
    }

    private static string Find(string program)
    {
        var path = PeerTools.FindOnPath(program);
        Assert.SkipWhen(path is null, $"no {program} on PATH: run eng/install-test-tools.sh");
        return path!;
    }

    private static async Task<string> RunAsync(string program, string[] arguments)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(Token);
        bound.CancelAfter(Bound);
        var (_, output, error) = await PeerTools.RunAsync(program, arguments, null, bound.Token);
        return output + error;
    }
}
