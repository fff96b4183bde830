using System.Collections.Immutable;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Fairlead.Resolver.Anchors;
using Fairlead.Rpc;
using Google.Protobuf;

namespace Fairlead.Resolver.Home;

/// <summary>
/// First contact with the home, for whoever asks its anchors: its chain from the pin, and for a verifier that remembers
/// no seal heads with a nonce from more than F anchors, so that no single one can start it in the past (V41).
/// Stateless.
/// </summary>
public static class HomeMeeting
{
    /// <summary>
    /// How long more than F heads wait for those that tell whether the own clock is right: 2F+1 of them (V37). A dead
    /// anchor says so sooner, a silent one must not keep a pod from its names.
    /// </summary>
    public static readonly TimeSpan ClockPatience = TimeSpan.FromMilliseconds(500);

    /// <summary>Meets one anchor: fetches what extends the home's chain and holds the connection to it (V63).</summary>
    /// <returns>The first error, or null.</returns>
    /// <exception cref="RpcException">The anchor cannot be reached.</exception>
    public static async Task<Refusal?> MeetAsync(
        AnchorClient anchor, VerifierMemory memory, TimeProvider time, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(memory);
        var state = memory.State;
        var (fetched, refusal) = await ChainFetch.RunAsync(
            anchor,
            state.Home.Genesis,
            state.HomeState,
            state.Home.Floor,
            state.Home.Floor,
            memory.Begun,
            time,
            state.ClockDelta,
            cancellationToken).ConfigureAwait(false);
        if (fetched is not null)
        {
            memory.Adopt(fetched.Segment);
        }

        return refusal;
    }

    /// <summary>
    /// Asks all anchors at once where the home stands, until 2F+1 have said so (V37), or more than F and the others do
    /// not in time (V41).
    /// </summary>
    /// <param name="anchors">The anchors.</param>
    /// <param name="memory">Takes over the chain and the highest seal.</param>
    /// <param name="fillRandom">Fills the nonce, unguessably.</param>
    /// <param name="patience">How long more than F wait for the others: <see cref="ClockPatience"/>.</param>
    /// <param name="time">The clock.</param>
    public static async Task<MeetingResult> AskHeadsAsync(
        IReadOnlyList<AnchorClient> anchors,
        VerifierMemory memory,
        Action<Span<byte>> fillRandom,
        TimeSpan patience,
        TimeProvider time,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(anchors);
        ArgumentNullException.ThrowIfNull(memory);
        var nonce = Hex16.Draw(fillRandom);
        var heads = ImmutableArray.CreateBuilder<OfferedHead>();
        var failures = ImmutableArray.CreateBuilder<MeetingFailure>();
        Refusal? last = new(VerificationFailure.NoFreshHead, "heads", "no anchor gave one");
        using var late = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, late.Token);
        var asking = anchors.Select(anchor => AskAsync(anchor, nonce, memory, time, enough.Token)).ToList();
        var isWaiting = false;
        await foreach (var one in Task.WhenEach(asking).ConfigureAwait(false))
        {
            var (head, failure) = await one.ConfigureAwait(false);
            if (head is null)
            {
                failures.Add(failure!);
                continue;
            }

            heads.Add(head);
            last = memory.Judge(
                nonce, heads.ToImmutable(), time.GetUtcNow().ToUnixTimeMilliseconds(), out var held);
            if (last is not null)
            {
                continue;
            }

            if (held > 2 * (memory.State.HomeState?.Newest.Value.Quorum.F ?? 0))
            {
                break;
            }

            // Enough to start from. Only heads that hold count for that: who lies first must not hurry the others.
            if (!isWaiting)
            {
                isWaiting = true;
                late.CancelAfter(patience);
            }
        }

        await enough.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(asking).ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
        return new MeetingResult(last, heads.Count, failures.ToImmutable());
    }

    /// <summary>A failed call as a named error.</summary>
    public static Refusal Describe(RpcException exception, IpEndpoint endpoint)
    {
        ArgumentNullException.ThrowIfNull(exception);
        ArgumentNullException.ThrowIfNull(endpoint);
        return RpcFailures.Read(exception)
            ?? new Refusal(
                exception.Status.DebugException is TransportRefusedException
                    ? VerificationFailure.TransportKeyMismatch
                    : VerificationFailure.Behind,
                endpoint.Text,
                exception.StatusCode == StatusCode.Unavailable
                    ? $"{exception.StatusCode}: {exception.Status.Detail}; see that an anchor runs at this address"
                    : $"{exception.StatusCode}: {exception.Status.Detail}");
    }

    private static async Task<(OfferedHead? Head, MeetingFailure? Failure)> AskAsync(
        AnchorClient anchor, Hex16 nonce, VerifierMemory memory, TimeProvider time, CancellationToken cancellationToken)
    {
        try
        {
            if (await MeetAsync(anchor, memory, time, cancellationToken).ConfigureAwait(false) is { } refusal)
            {
                return (null, new MeetingFailure(anchor.Endpoint, refusal, null));
            }

            var response = await anchor.HeadAsync(
                new HeadRequest
                {
                    Genesis = WireWriter.ToBytes(memory.State.Home.Genesis),
                    Nonce = UnsafeByteOperations.UnsafeWrap(nonce.ToArray()),
                },
                cancellationToken).ConfigureAwait(false);
            return WireReader.TryRead(response.Head, out var head, out var malformed)
                && WireReader.TryRead(response.Seal, out var seal, out malformed)
                    ? (new OfferedHead(head, seal), null)
                    : (null, new MeetingFailure(anchor.Endpoint, malformed, null));
        }
        catch (Exception e) when (e is OperationCanceledException
            || (e is RpcException { StatusCode: StatusCode.Cancelled } && cancellationToken.IsCancellationRequested))
        {
            var late = new Refusal(VerificationFailure.Behind, anchor.Endpoint.Text, "not waited for");
            return (null, new MeetingFailure(anchor.Endpoint, late, null) { IsUnheard = true });
        }
        catch (RpcException e)
        {
            return (null, new MeetingFailure(anchor.Endpoint, Describe(e, anchor.Endpoint), e));
        }
    }
}
