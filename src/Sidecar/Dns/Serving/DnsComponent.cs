using System.Collections.Concurrent;
using System.Collections.Immutable;
using Fairlead.Naming;
using Fairlead.Resolver;
using Fairlead.Resolver.State;
using Microsoft.Extensions.Logging;

namespace Fairlead.Sidecar.Dns;

/// <summary>
/// DNS as a sidecar hosts it: settings and surroundings in, a running server out. Thread-safe; disposing it stops it.
/// </summary>
internal sealed class DnsComponent : IAsyncDisposable
{
    /// <summary>The file of the addresses given, in the state folder.</summary>
    internal const string VipsState = "vips.state";

    // As many names without a verified service as DNS keeps.
    private const int ReopenedMax = 256;

    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);

    private readonly VipBook _vips;
    private readonly SegmentName _home;
    private readonly Func<string, CachedName?> _find;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<string, KeptAddress> _kept = new(StringComparer.Ordinal);

    private DnsComponent(DnsServer server, VipBook vips, DnsSurroundings surroundings, TimeProvider time)
    {
        Server = server;
        _vips = vips;
        _home = surroundings.Home;
        _find = surroundings.Find;
        _time = time;
    }

    internal DnsServer Server { get; }

    /// <summary>Which service has which local address, for those that listen there.</summary>
    internal VipTable Vips => _vips.Table;

    /// <summary>Starts it.</summary>
    /// <param name="settings">From the configuration.</param>
    /// <param name="surroundings">From the host.</param>
    /// <param name="time">The clock.</param>
    /// <param name="random">Not guessable in production (<see cref="StrongRandom"/>).</param>
    /// <param name="loggers">Take what operators must know.</param>
    /// <exception cref="IOException">The address cannot be used.</exception>
    /// <exception cref="StateException">The file of addresses cannot be read.</exception>
    internal static DnsComponent Start(
        DnsSettings settings, DnsSurroundings surroundings, TimeProvider time, Random random, ILoggerFactory loggers)
    {
        var options = new DnsOptions
        {
            Address = settings.Address,
            Upstreams = settings.Servers,
            Zones = ZonesOf(settings, surroundings.Home, surroundings.Known),
            TtlMax = (uint)settings.TtlMax.TotalSeconds,
        };
        var source = new ResolverNames(surroundings.Find, surroundings.Interest, surroundings.Renew);
        var file = surroundings.StateFolder is { } folder ? Path.Combine(folder, VipsState) : null;
        var vips = VipBook.Open(settings.Vips, file, surroundings.Ready, time);
        try
        {
            var parts = new DnsParts(time, random, loggers.CreateLogger<DnsServer>());
            return new DnsComponent(DnsServer.Start(options, source, vips, parts), vips, surroundings, time);
        }
        catch
        {
            vips.Dispose();
            throw;
        }
    }

    /// <summary>Answers by these upstreams, this TTL and the zones of the segments that are known from now on; the
    /// other settings are for a start.</summary>
    internal void Apply(DnsSettings settings, ImmutableArray<SegmentName> known) => Server.Apply(
        ZonesOf(settings, _home, known), settings.Servers, (uint)settings.TtlMax.TotalSeconds);

    /// <summary>Hears every change of a name that the resolver keeps; does not block.</summary>
    internal void Publish(CachedName name)
    {
        var view = ResolverNames.Map(name);
        Server.Names.Publish(view);
        Reopen(view);
    }

    /// <summary>
    /// Makes the addresses work again that an earlier process gave: clients keep them longer than any TTL says, and do
    /// not ask anew. Each name is wanted as if it had been asked for, and listened at once it is served, or as soon
    /// after that as its ports can be had. Called once, when every change is published here.
    /// </summary>
    internal void ReopenKept()
    {
        foreach (var entry in _vips.Table.Snapshot().OrderByDescending(entry => entry.UsedAt).Take(ReopenedMax))
        {
            _kept[entry.Name] = new KeptAddress();
            Server.Names.TryGet(entry.Name, out _);
            if (_find(entry.Name) is { } known)
            {
                Reopen(ResolverNames.Map(known));
            }
        }
    }

    private void Reopen(NameView view)
    {
        if (!_kept.IsEmpty && view.Service is { IsHeadless: false } service
            && _kept.TryGetValue(view.Name, out var kept) && kept.Hear(service))
        {
            var stop = _stop.Token;
            _ = Task.Run(() => ReopenAsync(view.Name, kept, stop), stop);
        }
    }

    // Nobody may ask for it again: what could not be had at first is tried until it can, and what cannot be had as the
    // name is when the name changes.
    private async Task ReopenAsync(string name, KeptAddress kept, CancellationToken stop)
    {
        var pause = FirstPause;
        while (!stop.IsCancellationRequested)
        {
            var (service, changed) = kept.Take();
            var trouble = await _vips.ReopenAsync(name, service, stop).ConfigureAwait(false);
            if (trouble is null && kept.TryEnd(() => _kept.TryRemove(name, out _)))
            {
                return;
            }

            // A word that came during the try has ended this wait already.
            await changed.WaitAsync(trouble?.IsLasting == true ? Timeout.InfiniteTimeSpan : pause, _time, stop)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            pause = changed.IsCompleted
                ? FirstPause
                : TimeSpan.FromTicks(Math.Min(2 * pause.Ticks, LongestPause.Ticks));
        }
    }

    private static DnsZones ZonesOf(DnsSettings settings, SegmentName home, ImmutableArray<SegmentName> known) =>
        settings.Zones.IsEmpty ? DnsZones.Default(home, known) : new DnsZones(settings.Zones);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await Server.DisposeAsync().ConfigureAwait(false);
        _vips.Dispose();
        _stop.Dispose();
    }
}

/// <summary>What DNS gets from the sidecar that it is a part of. Immutable.</summary>
internal sealed record DnsSurroundings
{
    /// <value>The home segment.</value>
    internal required SegmentName Home { get; init; }

    /// <value>The segments that are pinned, and those of imports.</value>
    internal required ImmutableArray<SegmentName> Known { get; init; }

    /// <value>Where the table of addresses is kept; null to keep it in memory only.</value>
    internal required string? StateFolder { get; init; }

    /// <value>The cache's view of a name; null where it is not held. Called for each question.</value>
    internal required Func<string, CachedName?> Find { get; init; }

    /// <value>Hears a name, and whether it is wanted from now on or no longer. Counts, since others want names too;
    /// must not block.</value>
    internal required Action<string, bool> Interest { get; init; }

    /// <value>Hears now and then that a name that is wanted is asked for; must not block.</value>
    internal required Action<string> Renew { get; init; }

    /// <value>Makes a service's address work: listens on its ports there.</value>
    internal required VipReady Ready { get; init; }
}
