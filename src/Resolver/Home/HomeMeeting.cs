using System.Security.Cryptography;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Fairlead.Resolver.Anchors;
using Fairlead.Rpc;
using Google.Protobuf;

namespace Fairlead.Resolver.Home;

/// <summary>
/// First contact with the home: its chain from the pin, and for a verifier that remembers no seal heads with a nonce from
/// more than F anchors, so that no single one can start it in the past (V41). Stateless.
/// </summary>
public static class HomeMeeting
{
    /// <summary>Meets one anchor: fetches what extends the home's chain and holds the connection to it (V63).</summary>
    /// <returns>The first error, or null.</returns>
    /// <exception cref="RpcException">The anchor cannot be reached.</exception>
    public static async Task<Refusal?> MeetAsync(
        AnchorClient anchor, VerifierMemory memory, TimeProvider time, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(memory);
        var state = memory.State;
        var (fetched, refusal) = await ChainFetch.RunAsync(
            anchor, state.Home.Genesis, state.HomeState, state.Home.Floor, state.Home.Floor, time, state.ClockDelta, cancellationToken)
            .ConfigureAwait(false);
        if (fetched is not null)
        {
            memory.Adopt(fetched.Segment);
        }

        return refusal;
    }

    /// <summary>Asks the home's anchors where it stands, until more than F have said so.</summary>
    /// <param name="options">Whom to ask, and as whom.</param>
    /// <param name="memory">Takes over the result.</param>
    /// <param name="failed">Hears of each anchor that failed.</param>
    /// <returns><c>NoFreshHead</c>, <c>ClockSkew</c>, or null.</returns>
    public static async Task<Refusal?> AskHeadsAsync(
        HomeResolverOptions options, VerifierMemory memory, Action<IpEndpoint, Refusal> failed, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentNullException.ThrowIfNull(failed);
        var nonce = Hex16.FromBytes(RandomNumberGenerator.GetBytes(Hex16.Size));
        var asked = await Task.WhenAll(options.Anchors.Select(AskAsync)).ConfigureAwait(false);
        var now = options.Time.GetUtcNow().ToUnixTimeMilliseconds();
        return memory.Judge(nonce, [.. asked.OfType<OfferedHead>()], now);

        async Task<OfferedHead?> AskAsync(IpEndpoint endpoint)
        {
            var client = new AnchorClient(endpoint, options.Identity, options.Time, memory.State.HomeState);
            await using (client.ConfigureAwait(false))
            {
                try
                {
                    return await HeadAsync(client, nonce).ConfigureAwait(false);
                }
                catch (RpcException e)
                {
                    failed(endpoint, Describe(e, endpoint));
                    return null;
                }
            }
        }

        async Task<OfferedHead?> HeadAsync(AnchorClient client, Hex16 challenge)
        {
            if (await MeetAsync(client, memory, options.Time, cancellationToken).ConfigureAwait(false) is { } refusal)
            {
                failed(client.Endpoint, refusal);
                return null;
            }

            var bytes = new byte[Hex16.Size];
            challenge.CopyTo(bytes);
            var response = await client.HeadAsync(
                new HeadRequest { Genesis = WireWriter.ToBytes(options.Home.Genesis), Nonce = ByteString.CopyFrom(bytes) },
                cancellationToken).ConfigureAwait(false);
            return WireReader.TryRead(response.Head, out var head, out _) && WireReader.TryRead(response.Seal, out var seal, out _)
                ? new OfferedHead(head, seal)
                : null;
        }
    }

    /// <summary>A failed call as a named error.</summary>
    public static Refusal Describe(RpcException exception, IpEndpoint endpoint)
    {
        ArgumentNullException.ThrowIfNull(exception);
        ArgumentNullException.ThrowIfNull(endpoint);
        return RpcFailures.Read(exception)
            ?? new Refusal(
                exception.Status.DebugException is TransportRefusedException ? VerificationFailure.TransportKeyMismatch : VerificationFailure.Behind,
                endpoint.Text,
                $"{exception.StatusCode}: {exception.Status.Detail}");
    }
}
