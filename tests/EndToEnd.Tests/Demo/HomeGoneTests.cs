using System.Diagnostics;
using System.Globalization;
using Fairlead.TestKit.Processes;
using Xunit;

namespace Fairlead.EndToEnd.Tests.Demo;

/// <summary>A demo of which all anchors of the home are killed; it is of no use to others afterwards.</summary>
public sealed class HomeGoneTests(ITestOutputHelper output) : IAsyncDisposable
{
    private const double Validity = 15; // s, of the demo's policy, which has no continuity

    private readonly KeptDemo _kept = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _kept.DisposeAsync();

    /// <summary>What is held is served to its seal's end, and not beyond it.</summary>
    [Fact(Explicit = true)]
    public async Task Anchors_OfTheHomeKilled_TheNameEndsWithItsSeal()
    {
        var demo = await _kept.GetAsync();
        await Eventually.HoldsAsync(
            () => StateAsync(demo), state => state == "fresh", TimeSpan.FromMinutes(2), Cancellation);
        foreach (var pid in demo["ANCHOR_PIDS_EU1"].Split(','))
        {
            using var anchor = Process.GetProcessById(int.Parse(pid, CultureInfo.InvariantCulture));
            anchor.Kill();
        }

        var killed = Stopwatch.StartNew();
        Assert.Equal("fresh", await StateAsync(demo));
        await Eventually.HoldsAsync(
            () => StateAsync(demo), state => state != "fresh", TimeSpan.FromMinutes(2), Cancellation);
        output.WriteLine($"expired {killed.Elapsed.TotalSeconds:0.0} s after the anchors of its home were killed");
        Assert.Equal("expired", await StateAsync(demo));
        Assert.InRange(killed.Elapsed.TotalSeconds, 0, Validity + 1);
    }

    private static async Task<string?> StateAsync(DemoEnvironment demo) =>
        (string?)(await demo.PageAsync("names", Cancellation)).AsArray()
            .First(name => (string?)name!["name"] == DemoEnvironment.Checkout)!["state"];
}
