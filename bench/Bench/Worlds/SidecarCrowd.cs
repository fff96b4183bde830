using System.Globalization;
using Fairlead.Resolver;
using Fairlead.Resolver.Home;
using Fairlead.TestKit.Processes;

namespace Fairlead.Bench;

/// <summary>
/// A process of many sidecars' resolvers, each with connections of its own. Prints <c>ready</c> when every one holds
/// every name; to a line <c>arm</c> it says <c>armed</c>, and <c>seen</c> when each has a newer version of the first name
/// than any had by then. Ends with its stdin.
/// </summary>
internal sealed class SidecarCrowd
{
    /// <summary>The argument that makes this program one: COMMAND BOOTSTRAP KEY COUNT NAME,NAME.</summary>
    public const string Command = "--sidecars";

    private const int AtOnce = 20;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private readonly Lock _gate = new();
    private readonly string[] _names;
    private readonly long[] _versions;
    private readonly HashSet<string>[] _fresh;
    private readonly TaskCompletionSource[] _full;
    private long _newest = long.MaxValue;
    private int _left;

    private SidecarCrowd(int count, string[] names)
    {
        _names = names;
        _versions = new long[count];
        _fresh = [.. Enumerable.Range(0, count).Select(_ => new HashSet<string>(StringComparer.Ordinal))];
        _full = [.. _fresh.Select(_ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously))];
    }

    /// <summary>Starts one in a process of its own; returns once every one holds every name.</summary>
    public static async Task<ChildProcess> StartAsync(
        DemoProcess demo, int count, IEnumerable<string> names, CancellationToken cancellationToken)
    {
        var process = ChildProcess.Start(
            "dotnet",
            [
                typeof(SidecarCrowd).Assembly.Location, Command, demo["BOOTSTRAP_FILE"], demo["KEY_FILE"],
                count.ToString(CultureInfo.InvariantCulture), string.Join(',', names),
            ]);
        try
        {
            await process.ReadLineAsync(Patience, cancellationToken);
            return process;
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    public static async Task<int> RunAsync(string bootstrap, string key, string count, string names)
    {
        using var pod = Pod.Read(bootstrap, key);
        var crowd = new SidecarCrowd(int.Parse(count, CultureInfo.InvariantCulture), names.Split(','));
        var resolvers = new List<HomeResolver>();
        try
        {
            for (var i = 0; i < crowd._full.Length; i++)
            {
                resolvers.Add(crowd.Start(pod, i));
                await crowd._full[Math.Max(0, i - AtOnce)].Task.WaitAsync(Patience);
            }

            await Task.WhenAll(crowd._full.Select(one => one.Task)).WaitAsync(Patience);
            await Console.Out.WriteLineAsync("ready");
            while (await Task.Run(Console.In.ReadLine) is not null)
            {
                crowd.Arm();
                await Console.Out.WriteLineAsync("armed");
            }
        }
        finally
        {
            await Task.WhenAll(resolvers.Select(resolver => resolver.DisposeAsync().AsTask()));
        }

        return 0;
    }

    private HomeResolver Start(Pod pod, int number)
    {
        var resolver = pod.Resolver(name => OnChanged(number, name), number);
        resolver.Start();
        foreach (var name in _names)
        {
            resolver.Want(name);
        }

        return resolver;
    }

    private void Arm()
    {
        lock (_gate)
        {
            _newest = _versions.Max();
            _left = _versions.Length;
        }
    }

    private void OnChanged(int number, CachedName name)
    {
        if (name.State != NameState.Fresh)
        {
            return;
        }

        lock (_gate)
        {
            if (_fresh[number].Add(name.Name) && _fresh[number].Count == _names.Length)
            {
                _full[number].SetResult();
            }

            if (name.Name == _names[0] && name.LastRecord is { } record)
            {
                var before = _versions[number];
                _versions[number] = record.Version;
                if (before <= _newest && record.Version > _newest && --_left == 0)
                {
                    Console.Out.WriteLine("seen");
                }
            }
        }
    }
}
