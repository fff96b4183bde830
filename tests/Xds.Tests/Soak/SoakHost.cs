using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Fairlead.TestKit;
using Fairlead.TestKit.Processes;
using Xunit;

namespace Fairlead.Xds.Tests.Soak;

/// <summary>bench/XdsHost, or tests/ViewsHost, in a process of its own: nothing of a test's memory is in what it
/// measures. One caller at a time.</summary>
internal sealed class SoakHost : IAsyncDisposable
{
    // Each is three collections: together they take longer than what is given back with time.
    private const int Looks = 200;

    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(3);

    private readonly string _folder;
    private readonly ChildProcess _process;

    private SoakHost(string folder, ChildProcess process, EndPoint target) =>
        (_folder, _process, Target) = (folder, process, target);

    /// <summary>Where it listens.</summary>
    internal EndPoint Target { get; }

    /// <summary>The path of its socket, where it is one.</summary>
    internal string Socket => Target.ToString()!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Starts one and waits until it listens.</summary>
    /// <param name="isUnix">Whether it listens on a unix socket.</param>
    /// <param name="names">How many names it has.</param>
    /// <param name="endpoints">How many endpoints each has.</param>
    /// <param name="hasViews">Whether it has a sidecar's views, and all types; else it has endpoints alone.</param>
    internal static async Task<SoakHost> StartAsync(bool isUnix, int names, int endpoints, bool hasViews = false)
    {
        var folder = Directory.CreateTempSubdirectory("fairlead-soak-").FullName;
        EndPoint target = isUnix
            ? new UnixDomainSocketEndPoint(Path.Combine(folder, "xds.sock"))
            : new IPEndPoint(IPAddress.Loopback, LoopbackPorts.Take(1)[0]);
        var bin = Path.Combine(PeerTools.RepositoryRoot, "artifacts", "bin");
        var program = hasViews
            ? Path.Combine(bin, "ViewsHost", "release", "Fairlead.ViewsHost")
            : Path.Combine(bin, "XdsHost", "release", "XdsHost");
        var process = ChildProcess.Start(program, [
            "--listen", isUnix ? $"unix:{target}" : $"{target}",
            "--names", names.ToString(CultureInfo.InvariantCulture),
            "--endpoints", endpoints.ToString(CultureInfo.InvariantCulture),
        ],
        // As it is published: methods are compiled once, else they are again and again for as long as it runs.
        new Dictionary<string, string?> { ["DOTNET_TieredCompilation"] = "0" });
        Assert.Equal("ready", await process.ReadLineAsync(Bound, Cancellation));
        return new SoakHost(folder, process, target);
    }

    /// <summary>Changes one of the names.</summary>
    internal Task ChangeAsync(string name) => _process.SayAsync("u " + name, Cancellation);

    /// <summary>What it holds, as it is.</summary>
    internal async Task<SoakMemory> MemoryAsync() =>
        SoakMemory.Read(await _process.AskAsync("m", Bound, Cancellation));

    /// <summary>Waits until so many streams are open, and then until its memory is within the bounds of what it was.
    /// What is given back is given back with time, what leaks never is.</summary>
    internal Task<SoakMemory> SettledAsync(SoakMemory? before = null, int streams = 0) => Eventually.HoldsAsync(
        MemoryAsync, now => now.Streams == streams && (before is null || now.IsWithin(before)), Bound, Cancellation);

    /// <summary>What it holds in the end: within the bounds of what it was, or what it was last when it had its time.
    /// After a backlog the runtime trims its own pools step by step.</summary>
    internal async Task<SoakMemory> EndAsync(SoakMemory before)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var now = await SettledAsync();
            if (now.IsWithin(before) || TimeProvider.System.GetElapsedTime(started) > Bound)
            {
                return now;
            }
        }
    }

    /// <summary>The least that it holds while nobody is connected: what it holds once it has given back what it gives
    /// back with time.</summary>
    internal async Task<SoakMemory> LeastAsync()
    {
        var least = await SettledAsync();
        for (var i = 0; i < Looks; i++)
        {
            var now = await SettledAsync();
            least = new SoakMemory(
                0, Math.Min(least.Managed, now.Managed), Math.Min(least.Anonymous, now.Anonymous));
        }

        return least;
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
