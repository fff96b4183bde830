using System.Collections.Immutable;
using Fairlead.Naming;
using Fairlead.Protocol;
using Fairlead.Resolver.Home;
using Fairlead.Rpc;

namespace Fairlead.Anchor.Home;

/// <summary>
/// Meets the anchors of a segment in their order and yields each as it is there: while one is silent the next is met
/// beside it, where one failed the next at once. So any few that are silent cost a moment each, and not the patience
/// that one deserves which is at work. Used by one task; disposing it leaves all that were not taken.
/// </summary>
/// <typeparam name="T">What an anchor is to whoever meets it: a connection.</typeparam>
/// <param name="places">Where they are.</param>
/// <param name="most">The most that are met.</param>
/// <param name="meet">Meets one; whoever is there is the caller's from then on.</param>
/// <param name="time">The clock.</param>
/// <param name="cancellationToken">Ends all of it.</param>
internal sealed class Meetings<T>(
    ImmutableArray<IpEndpoint> places,
    int most,
    Func<IpEndpoint, CancellationToken, Task<(T? There, Refusal? Refusal)>> meet,
    TimeProvider time,
    CancellationToken cancellationToken) : IAsyncDisposable
    where T : class, IAsyncDisposable
{
    /// <summary>How long one is silent before the next is met beside it, where nothing else is said.</summary>
    internal static readonly TimeSpan Moment = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _stop =
        CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);

    private readonly List<Started> _pending = [];
    private int _next;
    private bool _isOneLess;

    /// <summary>How long one is silent before the next is met beside it.</summary>
    internal TimeSpan Delay { get; init; } = Moment;

    /// <summary>Whom to meet, and since when.</summary>
    private sealed record Started(IpEndpoint Place, long Since, Task<Met> Meeting);

    /// <summary>What came of one.</summary>
    /// <param name="Place">Where it is.</param>
    /// <param name="There">The anchor; null where it is not there or refuses.</param>
    /// <param name="Refusal">Why.</param>
    /// <param name="IsWord">Whether the anchor itself said so.</param>
    internal sealed record Met(IpEndpoint Place, T? There, Refusal? Refusal, bool IsWord);

    /// <summary>Those that have said nothing for so long.</summary>
    internal IEnumerable<IpEndpoint> Silent(TimeSpan least) => _pending
        .Where(one => !one.Meeting.IsCompleted && time.GetElapsedTime(one.Since) >= least).Select(one => one.Place);

    /// <summary>The next one of which something comes.</summary>
    /// <param name="patience">How long to wait for it; the others go on afterwards.</param>
    /// <returns>Null where nothing came in that time, or nobody is left.</returns>
    internal async Task<Met?> NextAsync(TimeSpan patience)
    {
        var start = time.GetTimestamp();
        if (_pending.Count == 0 || _isOneLess)
        {
            Start();
        }

        while (_pending.Count > 0 && patience - time.GetElapsedTime(start) is var left && left > TimeSpan.Zero)
        {
            if (await AnyAsync(MayStart && Delay < left ? Delay : left).ConfigureAwait(false) is { } done)
            {
                _pending.Remove(done);
                var met = await done.Meeting.ConfigureAwait(false);
                _isOneLess = met.There is null;
                return met;
            }

            if (_stop.IsCancellationRequested)
            {
                return null;
            }

            Start();
        }

        return null;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        foreach (var one in _pending)
        {
            if ((await one.Meeting.ConfigureAwait(false)).There is { } there)
            {
                await there.DisposeAsync().ConfigureAwait(false);
            }
        }

        _stop.Dispose();
    }

    private bool MayStart => _next < Math.Min(most, places.Length);

    private void Start()
    {
        _isOneLess = false;
        if (MayStart)
        {
            var place = places[_next++];
            _pending.Add(new Started(place, time.GetTimestamp(), MeetAsync(place)));
        }
    }

    // The first in order of those that are done; null where none is in that time.
    private async Task<Started?> AnyAsync(TimeSpan patience)
    {
        if (_pending.Find(one => one.Meeting.IsCompleted) is { } already)
        {
            return already;
        }

        using var over = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        await Task.WhenAny(
            [.. _pending.Select(one => (Task)one.Meeting), Task.Delay(patience, time, over.Token)])
            .ConfigureAwait(false);
        await over.CancelAsync().ConfigureAwait(false);
        return _pending.Find(one => one.Meeting.IsCompleted);
    }

    private async Task<Met> MeetAsync(IpEndpoint place)
    {
        try
        {
            var (there, refusal) = await meet(place, _stop.Token).ConfigureAwait(false);
            return new Met(place, there, refusal, IsWord: true);
        }
        catch (RpcException e)
        {
            // Who stands at an anchor's place with another key is as good as nobody, and no verdict (V58).
            return RpcFailures.Read(e) is { } word
                ? new Met(place, null, word, IsWord: true)
                : new Met(
                    place, null, HomeMeeting.Describe(e, place) with { Failure = VerificationFailure.Behind },
                    IsWord: false);
        }
        catch (OperationCanceledException)
        {
            return new Met(
                place, null, new Refusal(VerificationFailure.Behind, place.Text, "no answer in time"), IsWord: false);
        }
    }
}
