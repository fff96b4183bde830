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

    private const double Share = 2.0 / 3;

    private static readonly TimeSpan TimeForTwo = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan TimeForThree = TimeSpan.FromSeconds(10);

    /// <summary>Asks until one answers.</summary>
    /// <typeparam name="T">What an answer is.</typeparam>
    /// <param name="segment">Whose anchors are asked.</param>
    /// <param name="ordered">The places, as <see cref="RelayPlaces"/> orders them.</param>
    /// <param name="patience">The time for all of it; no more than <see cref="Longest"/> counts.</param>
    /// <param name="ask">Asks one within a time.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The answer; or the last one's reason, null where there was nobody to ask.</returns>
    internal async Task<(T? Answer, Refusal? Refusal)> RunAsync<T>(
        Digest segment,
        ImmutableArray<IpEndpoint> ordered,
        TimeSpan patience,
        Func<IpEndpoint, TimeSpan, CancellationToken, Task<(T? Answer, Refusal? Refusal)>> ask,
        CancellationToken cancellationToken)
        where T : class
    {
        var start = time.GetTimestamp();
        patience = patience < Longest ? patience : Longest;
        var tries = Math.Min(ordered.Length, patience >= TimeForThree ? 3 : patience >= TimeForTwo ? 2 : 1);
        var words = 0;
        Refusal? last = null;
        for (var i = 0; i < tries; i++)
        {
            var left = patience - time.GetElapsedTime(start);
            if (left <= TimeSpan.Zero || cancellationToken.IsCancellationRequested)
            {
                break;
            }

            // Where there are others to ask, also the last of them does not get all that failures at once have left.
            var share = tries == 1 || left < patience * Share ? left : patience * Share;
            (var answer, last, var isWord) = await TryAsync(segment, ordered[i], share, ask, cancellationToken)
                .ConfigureAwait(false);
            if (answer is not null)
            {
                return (answer, null);
            }

            // One anchor's word denies nobody; where a second one refuses by name as well, it is the question.
            if (isWord && !RpcFailures.IsRetriable(last!.Failure) && ++words == 2)
            {
                break;
            }
        }

        return (null, last);
    }

    private async Task<(T? Answer, Refusal? Refusal, bool IsWord)> TryAsync<T>(
        Digest segment,
        IpEndpoint place,
        TimeSpan share,
        Func<IpEndpoint, TimeSpan, CancellationToken, Task<(T? Answer, Refusal? Refusal)>> ask,
        CancellationToken cancellationToken)
        where T : class
    {
        using var timed = new CancellationTokenSource(share, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timed.Token);
        Refusal refusal;
        var isLate = true;
        try
        {
            var (answer, refused) = await ask(place, share, either.Token).ConfigureAwait(false);
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

        if (!cancellationToken.IsCancellationRequested && (!isLate || share >= Silence))
        {
            places.Failed(segment, place);
        }

        return (null, refusal, false);
    }
}
