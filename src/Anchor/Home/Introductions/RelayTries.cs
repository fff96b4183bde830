using System.Collections.Immutable;
using Fairlead.Naming;
using Fairlead.Protocol;
using Fairlead.Resolver.Home;
using Fairlead.Rpc;

namespace Fairlead.Anchor.Home.Introductions;

/// <summary>
/// Asks a few anchors of a next segment in turn, within what is left of one question's time. Of several tries each has
/// a part of it, so that who asks on behind it has less in turn, and with less time there are fewer tries: a question
/// over many segments fans out to a handful and not by a power. Thread-safe.
/// </summary>
/// <param name="places">The order.</param>
/// <param name="time">The clock.</param>
internal sealed class RelayTries(RelayPlaces places, TimeProvider time)
{
    /// <summary>The longest that one question takes, whatever its caller's patience: less than a home's, which so hears
    /// of a failure before it gives up.</summary>
    internal static readonly TimeSpan Longest = TimeSpan.FromSeconds(12);

    /// <summary>The shortest silence that says something of an anchor: less is its caller's haste.</summary>
    internal static readonly TimeSpan Silence = TimeSpan.FromSeconds(2);

    // As many as may be silent where all keep to the rules: F of 16 anchors (V11). Who is met asks nobody behind it.
    private const int SilentMost = (Limits.Anchors - 1) / 3;

    private const double Share = 2.0 / 3;

    private static readonly TimeSpan TimeForTwo = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan TimeForThree = TimeSpan.FromSeconds(10);

    /// <summary>Asks until one answers.</summary>
    /// <typeparam name="TAnchor">A connection to one.</typeparam>
    /// <typeparam name="T">What an answer is.</typeparam>
    /// <param name="segment">Whose anchors are asked.</param>
    /// <param name="ordered">The places, as <see cref="RelayPlaces"/> orders them.</param>
    /// <param name="patience">The time for all of it; no more than <see cref="Longest"/> counts.</param>
    /// <param name="meet">Meets one, which costs nobody behind it anything; see <see cref="Meetings{T}"/>.</param>
    /// <param name="ask">Asks one that is there within a time.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The answer; or the last one's reason, null where there was nobody to ask.</returns>
    internal async Task<(T? Answer, Refusal? Refusal)> RunAsync<TAnchor, T>(
        Digest segment,
        ImmutableArray<IpEndpoint> ordered,
        TimeSpan patience,
        Func<IpEndpoint, CancellationToken, Task<(TAnchor? There, Refusal? Refusal)>> meet,
        Func<TAnchor, TimeSpan, CancellationToken, Task<(T? Answer, Refusal? Refusal)>> ask,
        CancellationToken cancellationToken)
        where TAnchor : class, IAsyncDisposable
        where T : class
    {
        var start = time.GetTimestamp();
        patience = patience < Longest ? patience : Longest;
        var most = Math.Min(ordered.Length, patience >= TimeForThree ? 3 : patience >= TimeForTwo ? 2 : 1);
        var (tries, words) = (0, 0);
        Refusal? last = null;
        var meetings = new Meetings<TAnchor>(ordered, most + SilentMost, meet, time, cancellationToken);
        await using (meetings.ConfigureAwait(false))
        {
            while (tries < most && !cancellationToken.IsCancellationRequested
                && await meetings.NextAsync(patience - time.GetElapsedTime(start)).ConfigureAwait(false) is { } met)
            {
                var isWord = met.IsWord;
                if (met.There is { } anchor)
                {
                    tries++;
                    Overtaken(segment, meetings.Silent(Meetings<TAnchor>.Moment));
                    var left = patience - time.GetElapsedTime(start);

                    // Where there are others to ask, also the last of them does not get all that failures at once have
                    // left.
                    var share = most == 1 || left < patience * Share ? left : patience * Share;
                    (var answer, last, isWord) = await TryAsync(
                        segment, met.Place, anchor, share, ask, cancellationToken).ConfigureAwait(false);
                    if (answer is not null)
                    {
                        return (answer, null);
                    }
                }
                else
                {
                    last = met.Refusal;
                    Note(segment, met, cancellationToken);
                }

                // One anchor's word denies nobody; where a second one refuses by name as well, it is the question.
                if (isWord && !RpcFailures.IsRetriable(last!.Failure) && ++words == 2)
                {
                    break;
                }
            }

            if (!cancellationToken.IsCancellationRequested)
            {
                Overtaken(segment, meetings.Silent(Silence));
            }
        }

        return (null, last ?? (ordered.IsEmpty
            ? null
            : new Refusal(VerificationFailure.Behind, ordered[0].Text, "no answer in time")));
    }

    private void Overtaken(Digest segment, IEnumerable<IpEndpoint> silent)
    {
        foreach (var place in silent.ToList())
        {
            places.Failed(segment, place);
        }
    }

    private void Note<TAnchor>(Digest segment, Meetings<TAnchor>.Met met, CancellationToken cancellationToken)
        where TAnchor : class, IAsyncDisposable
    {
        if (met.IsWord)
        {
            places.Answered(segment, met.Place);
        }
        else if (!cancellationToken.IsCancellationRequested)
        {
            places.Failed(segment, met.Place);
        }
    }

    private async Task<(T? Answer, Refusal? Refusal, bool IsWord)> TryAsync<TAnchor, T>(
        Digest segment,
        IpEndpoint place,
        TAnchor anchor,
        TimeSpan share,
        Func<TAnchor, TimeSpan, CancellationToken, Task<(T? Answer, Refusal? Refusal)>> ask,
        CancellationToken cancellationToken)
        where TAnchor : class, IAsyncDisposable
        where T : class
    {
        using var timed = new CancellationTokenSource(share, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timed.Token);
        Refusal refusal;
        var isLate = true;
        try
        {
            var (answer, refused) = await ask(anchor, share, either.Token).ConfigureAwait(false);
            places.Answered(segment, place);
            return (answer, refused, true);
        }
        catch (RpcException e) when (RpcFailures.Read(e) is { } word)
        {
            places.Answered(segment, place);
            return (null, word, true);
        }
        catch (RpcException e)
        {
            refusal = HomeMeeting.Describe(e, place);
            isLate = e.StatusCode is StatusCode.DeadlineExceeded or StatusCode.Cancelled;
        }
        catch (OperationCanceledException)
        {
            refusal = new Refusal(VerificationFailure.Behind, place.Text, "no answer in time");
        }
        finally
        {
            await anchor.DisposeAsync().ConfigureAwait(false);
        }

        if (!cancellationToken.IsCancellationRequested && (!isLate || share >= Silence))
        {
            places.Failed(segment, place);
        }

        return (null, refusal, false);
    }
}
