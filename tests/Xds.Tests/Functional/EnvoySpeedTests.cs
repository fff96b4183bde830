using System.Net;
using Fairlead.TestKit.Processes;
using Xunit;
using static Fairlead.Xds.Tests.Fixtures;

namespace Fairlead.Xds.Tests.Functional;

/// <summary>How long it takes from a change of endpoints to a real Envoy's acknowledgement, and to the first response
/// of the new ones, in each variant.</summary>
public sealed class EnvoySpeedTests
{
    private const string Host = "checkout.shop.svc.us1.internal";
    private const string Name = Host + ":80";
    private const int WarmUp = 10;
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(1);

    public static TheoryData<Variant> Variants => [.. Enum.GetValues<Variant>()];

    /// <summary>Milliseconds within which half of a hundred changes, and all but one, were seen acknowledged and used
    /// by an Envoy 1.40 alone; of streams of the state of the world for each type, what was seen of one for all.
    /// </summary>
    public static TheoryData<Variant, double, double, double, double> SeenOnes => new()
    {
        { Variant.Sotw, 0.9, 2.9, 1.7, 4.3 },
        { Variant.Delta, 0.6, 2.9, 1.5, 7.9 },
        { Variant.SotwPerType, 0.9, 2.9, 1.7, 4.3 },
        { Variant.DeltaPerType, 0.3, 1.2, 1.0, 4.1 },
    };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Variants))]
    public async Task Endpoints_ChangedManyTimes_AreAcknowledgedAndUsedQuickly(Variant variant)
    {
        var (taken, used) = await ChangeAsync(variant, 30);
        Assert.InRange(taken[15], TimeSpan.Zero, TimeSpan.FromSeconds(1));
        Assert.InRange(used[15], TimeSpan.Zero, TimeSpan.FromSeconds(1));
    }

    [Theory(Explicit = true)]
    [MemberData(nameof(SeenOnes))]
    public async Task Endpoints_ChangedManyTimes_AreAcknowledgedAndUsedInMilliseconds(
        Variant variant, double halfTaken, double mostTaken, double halfUsed, double mostUsed)
    {
        var (taken, used) = await ChangeAsync(variant, 100);
        Within(taken[49], halfTaken);
        Within(taken[98], mostTaken);
        Within(used[49], halfUsed);
        Within(used[98], mostUsed);

        static void Within(TimeSpan one, double seen) =>
            Assert.InRange(one, TimeSpan.Zero, Seen.Within(TimeSpan.FromMilliseconds(seen)));
    }

    // The times of so many changes, ascending.
    private static async Task<(List<TimeSpan> Taken, List<TimeSpan> Used)> ChangeAsync(Variant variant, int count)
    {
        Assert.SkipWhen(EnvoyBinary.Path is null, EnvoyBinary.Reason);
        var isDelta = variant is Variant.Delta or Variant.DeltaPerType;
        var isPerType = variant is Variant.SotwPerType or Variant.DeltaPerType;
        await using var one = await HttpBackend.StartAsync("one");
        await using var two = await HttpBackend.StartAsync("two");
        await using var host = await AdsHost.StartAsync();
        host.Publish(
            Cluster(Name, endpoints: isPerType ? PerType(isDelta) : null), Endpoints(Name, one.Port),
            Routes("fairlead", Name));
        await using var envoy = await EnvoyProcess.StartAsync(
            EnvoyBinary.Path!, host.Socket, Cancellation, isDelta, isPerType);
        await Eventually.HoldsAsync(() => TryGetAsync(envoy), body => body == "one", Bound, Cancellation);
        var (taken, used) = (new List<TimeSpan>(), new List<TimeSpan>());
        for (var i = 0; i < WarmUp + count; i++)
        {
            var (port, body) = i % 2 == 0 ? (two.Port, "two") : (one.Port, "one");
            var changed = Endpoints(Name, port);
            host.ForgetAcks();
            var start = TimeProvider.System.GetTimestamp();
            host.Publish(changed);
            var acknowledged = SinceAsync(start, host.AckOfAsync(changed));
            while (await envoy.GetAsync(Host, Cancellation) != (HttpStatusCode.OK, body))
            {
                Assert.InRange(Since(start), TimeSpan.Zero, Bound);
            }

            used.Add(Since(start));
            taken.Add(await acknowledged);
        }

        Rank(taken, "ACK");
        Rank(used, "first response");
        return (taken, used);
    }

    private static void Rank(List<TimeSpan> times, string what)
    {
        times.RemoveRange(0, WarmUp);
        times.Sort();
        var (half, most) = (times[(times.Count / 2) - 1], times[^2]);
        TestContext.Current.TestOutputHelper!.WriteLine(FormattableString.Invariant(
            $"{what} of {times.Count} changes: {half.TotalMilliseconds:F2}, {most.TotalMilliseconds:F2} ms"));
    }

    private static async Task<TimeSpan> SinceAsync(long start, Task happens)
    {
        await happens;
        return Since(start);
    }

    private static TimeSpan Since(long start) => TimeProvider.System.GetElapsedTime(start);

    private static async Task<string> TryGetAsync(EnvoyProcess envoy)
    {
        try
        {
            return (await envoy.GetAsync(Host, Cancellation)).Body;
        }
        catch (HttpRequestException e)
        {
            return e.Message; // its listener opens only when clusters and routes are there
        }
    }
}
