using System.Globalization;
using System.Net;

namespace Fairlead.Cli.Demo.Checks.Acme;

/// <summary>
/// What becomes of a strict name and a default one once nothing new is heard of their segment: both are requested
/// through the proxy, and looked at in the sidecar's page of names. Used by one check at a time.
/// </summary>
internal sealed class Decline : IAsyncDisposable
{
    /// <summary>How far from its bound the end of a name may be seen.</summary>
    internal static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(1);

    // So much of a seal is left at least where its segment's seals are heard as they come: a third of its life passes
    // between two.
    private const long HeardMilliseconds = 7_000;
    private const int Rate = 20;
    private static readonly TimeSpan Settling = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan AskAgain = TimeSpan.FromMilliseconds(50);

    private readonly DemoWorld _world;
    private readonly JsonApi _sidecar;
    private readonly RequestLoad _strict;
    private readonly RequestLoad _default;

    internal Decline(DemoWorld world)
    {
        var proxy = IPEndPoint.Parse(world.ProxyAddress);
        _world = world;
        _sidecar = new JsonApi(world.SidecarAdmin, world.Time);
        Stalls = new Stalls(world.Time);
        _strict = new RequestLoad(proxy, AcmePlan.Orders, Rate, world.Time);
        _default = new RequestLoad(proxy, AcmePlan.Checkout, Rate, world.Time);
    }

    /// <summary>How long the machine stood still meanwhile.</summary>
    internal Stalls Stalls { get; }

    /// <summary>How a strict name ended; moments are timestamps of the clock.</summary>
    /// <param name="From">When nothing new was to be heard any more.</param>
    /// <param name="Predicted">When the held seal of the strict name ends for this sidecar: expires - delta.</param>
    /// <param name="Stopped">When the first request for the strict name was not answered by its endpoint.</param>
    /// <param name="Seal">The held seal.</param>
    internal sealed record StrictEnd(long From, long Predicted, long Stopped, long Seal);

    /// <summary>Returns once both names are fresh, by seals as new as they are in quiet times, and requests of both
    /// succeed: a relay that was silent until now may have left the strict name at the end of its seal.</summary>
    internal async Task StartAsync(CancellationToken cancellationToken)
    {
        await _sidecar.WaitForAsync(
            "names",
            page => NamesView.AreFresh(page, AcmePlan.Orders, AcmePlan.Checkout)
                && (long?)NamesView.Of(page, AcmePlan.Orders)["ttl_ms"] > HeardMilliseconds,
            cancellationToken).ConfigureAwait(false);
        await _strict.WaitForAsync(response => response.Status == 200, cancellationToken).ConfigureAwait(false);
        await _default.WaitForAsync(response => response.Status == 200, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Tells when the strict name will stop, waits until it does, and checks that it was then; meanwhile no request of
    /// either fails.
    /// </summary>
    internal async Task<StrictEnd> StrictAsync(CancellationToken cancellationToken)
    {
        var from = _world.Time.GetTimestamp();
        await Task.Delay(Settling, _world.Time, cancellationToken).ConfigureAwait(false); // what was on its way
        var refusing = _strict.WaitForAsync(response => response.Status != 200, cancellationToken);
        long seal = -1;
        long predicted = 0;
        while (!refusing.IsCompleted)
        {
            // A relay may hold a newer seal than the sidecar does, and tell it when the sidecar asks again.
            var told = await PredictAsync(cancellationToken).ConfigureAwait(false);
            if (told is { } next && next.Seal != seal)
            {
                (seal, predicted) = next;
                await TellAsync(seal, predicted, cancellationToken).ConfigureAwait(false);
            }

            await Task.Delay(AskAgain, _world.Time, cancellationToken).ConfigureAwait(false);
        }

        var refused = await refusing.ConfigureAwait(false);
        Check.Equal(504, refused.Status, $"the status of an expired strict name ({refused.Endpoint})");
        var off = Seconds(predicted, refused.SentAt);
        Check.That(
            IsInTime(off, from),
            string.Create(
                CultureInfo.InvariantCulture, $"it stopped {off:0.00} s after its bound{Stalls.Told(from)}"));
        var page = await _sidecar.WaitForAsync(
            "names", now => NamesView.StateOf(now, AcmePlan.Orders) == "expired", cancellationToken)
            .ConfigureAwait(false);
        Check.Equal(seal, (long?)NamesView.Of(page, AcmePlan.Orders)["seal"], "the seal that it ended under");
        return new StrictEnd(from, predicted, refused.SentAt, seal);
    }

    /// <summary>Waits until the default name is stale, and requests of it succeed then.</summary>
    /// <returns>How many succeeded since it was seen stale.</returns>
    internal async Task<int> StaleAsync(int requests, CancellationToken cancellationToken)
    {
        await _sidecar.WaitForAsync(
            "names", now => NamesView.StateOf(now, AcmePlan.Checkout) == "stale", cancellationToken)
            .ConfigureAwait(false);

        // One after the other: a machine that is slow with each has time for fewer before the continuity ends.
        requests = (int)Math.Ceiling(requests / Pace.Of(TimeSpan.FromSeconds(1)).TotalSeconds);
        for (var i = 0; i < requests; i++)
        {
            var response = await _default.WaitForAsync(_ => true, cancellationToken).ConfigureAwait(false);
            Check.Equal(200, response.Status, $"a request of a stale name ({response.Endpoint})");
        }

        Check.Equal(0, _default.FailuresSince(0).Count, "requests of the default name that failed");
        return requests;
    }

    /// <summary>
    /// Tells when the stale default name will end by its own page, waits until it does, and checks that it was then.
    /// </summary>
    /// <returns>How far from that moment the first refused request was sent, in seconds.</returns>
    internal async Task<double> DefaultEndAsync(CancellationToken cancellationToken)
    {
        var refusing = _default.WaitForAsync(response => response.Status != 200, cancellationToken);
        var page = await _sidecar.GetAsync("names", cancellationToken).ConfigureAwait(false);
        var now = _world.Time.GetTimestamp();
        var name = NamesView.Of(page, AcmePlan.Checkout);
        Check.Equal("stale", (string?)name["state"], $"the state of {AcmePlan.Checkout}");
        var end = now + ((long)name["stale_ms"]! * _world.Time.TimestampFrequency / 1_000);
        var refused = await refusing.ConfigureAwait(false);
        Check.Equal(504, refused.Status, $"the status of an expired name ({refused.Endpoint})");
        var off = Seconds(end, refused.SentAt);
        Check.That(
            IsInTime(off, now),
            string.Create(
                CultureInfo.InvariantCulture,
                $"the default name ended {off:0.00} s after its continuity{Stalls.Told(now)}"));
        return off;
    }

    /// <summary>Seconds from one moment of the clock to another.</summary>
    internal double Seconds(long from, long to) => _world.Time.GetElapsedTime(from, to).TotalSeconds;

    public async ValueTask DisposeAsync()
    {
        await _strict.DisposeAsync().ConfigureAwait(false);
        await _default.DisposeAsync().ConfigureAwait(false);
        await Stalls.DisposeAsync().ConfigureAwait(false);
        _sidecar.Dispose();
    }

    // Late by as much more as the machine stood still from a moment on; early by no more for that.
    private bool IsInTime(double off, long from)
    {
        var tolerance = Pace.Of(Tolerance);
        return off >= -tolerance.TotalSeconds && off <= (tolerance + Stalls.Worst(from)).TotalSeconds;
    }

    private Task TellAsync(long seal, long predicted, CancellationToken cancellationToken) => _world.SayAsync(
        string.Create(
            CultureInfo.InvariantCulture,
            $"{AcmePlan.Orders} holds seal {seal}, whose expires - delta is in "
            + $"{Seconds(_world.Time.GetTimestamp(), predicted):0.0} s: it must stop then"),
        cancellationToken);

    // Null where it has ended already.
    private async Task<(long Seal, long Predicted)?> PredictAsync(CancellationToken cancellationToken)
    {
        var page = await _sidecar.GetAsync("names", cancellationToken).ConfigureAwait(false);
        var now = _world.Time.GetTimestamp();
        var name = NamesView.Of(page, AcmePlan.Orders);
        if ((string?)name["state"] != "fresh")
        {
            return null;
        }

        Check.Equal("seal", (string?)name["bound"], "what bounds the strict name");
        Check.Equal(0, (long?)name["stale_ms"], "the continuity of a strict name");
        return ((long)name["seal"]!, now + ((long)name["ttl_ms"]! * _world.Time.TimestampFrequency / 1_000));
    }
}
