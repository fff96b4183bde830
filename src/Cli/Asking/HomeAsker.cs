using System.Collections.Immutable;
using System.Security.Cryptography;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol;
using Fairlead.Protocol.Files;
using Fairlead.Protocol.V1;
using Fairlead.Resolver.Anchors;
using Fairlead.Rpc;
using Google.Protobuf;
using Query = Fairlead.Naming.Query;

namespace Fairlead.Cli.Asking;

/// <summary>
/// Asks the home's anchors once, in the order of the bootstrap file, and verifies what they say: the home's chain first,
/// then, where nothing durable is held, heads from more than F of them (V41), then the answer. An anchor that fails is
/// noted, and the next one is asked. Not thread-safe.
/// </summary>
internal sealed class HomeAsker : IAsyncDisposable
{
    private const int RoundsMax = 3;
    private static readonly TimeSpan BetweenRounds = TimeSpan.FromMilliseconds(300);

    private readonly BootstrapFile _bootstrap;
    private readonly VerifierOptions _options;
    private readonly TimeProvider _time;
    private readonly ImmutableArray<AnchorClient> _anchors;
    private readonly VerifiedCache _cache = new();
    private readonly List<AnchorRefusal> _refusals = [];

    internal HomeAsker(BootstrapFile bootstrap, TlsIdentity identity, VerifierOptions options, TimeProvider time)
    {
        _bootstrap = bootstrap;
        _options = options;
        _time = time;
        _anchors = [.. bootstrap.Endpoints.Select(endpoint => new AnchorClient(endpoint, identity, time))];
    }

    /// <summary>Asks for a name.</summary>
    /// <param name="name">The absolute name of a service.</param>
    /// <param name="state">What is remembered.</param>
    /// <param name="isFresh">Whether nothing was remembered: heads are wanted first.</param>
    /// <param name="wholeChains">Whether every chain is to come from its genesis, for a file that verifies alone.</param>
    internal async Task<Asked> AskAsync(
        FullName name, VerifierState state, bool isFresh, bool wholeChains, CancellationToken cancellationToken)
    {
        var known = await ContactAsync(state, cancellationToken).ConfigureAwait(false);
        if (known is not null && isFresh)
        {
            known = await FindHeadAsync(known, cancellationToken).ConfigureAwait(false);
        }

        if (known is null)
        {
            return new Asked(null, null, state.ClockDelta, [.. _refusals]);
        }

        var home = _bootstrap.Home.Genesis;
        var query = Document.Make(new Query
        {
            Home = home,
            Name = name,
            Subject = _options.Subject is { } subject ? Hashes.Subject(home, subject) : null,
        });
        var request = new ResolveRequest { Query = UnsafeByteOperations.UnsafeWrap(query.Payload) };
        if (!wholeChains)
        {
            request.Known.AddRange(known.Segments.Values.Select(WireWriter.ToKnown));
        }

        for (var round = 1; ; round++)
        {
            var before = _refusals.Count;
            foreach (var anchor in _anchors)
            {
                if (await AskOneAsync(anchor, request, query, known, cancellationToken).ConfigureAwait(false) is { } asked)
                {
                    return asked;
                }
            }

            // An anchor that only just heard of the target, or of a seal, answers the next time.
            if (round == RoundsMax || !_refusals.Skip(before).Any(refusal => refusal.Check is not null && refusal.IsTransport))
            {
                return new Asked(null, null, known.ClockDelta, [.. _refusals]);
            }

            await Task.Delay(BetweenRounds, _time, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var anchor in _anchors)
        {
            await anchor.DisposeAsync().ConfigureAwait(false);
        }
    }

    // V8-V15 and V63: the chain of the first anchor that has a good one; all connections are then held to its tls keys.
    private async Task<VerifierState?> ContactAsync(VerifierState state, CancellationToken cancellationToken)
    {
        var home = _bootstrap.Home;
        foreach (var anchor in _anchors)
        {
            try
            {
                var (fetched, refusal) = await ChainFetch.RunAsync(
                    anchor, home.Genesis, state.HomeState, home.Floor, home.Floor, _time, state.ClockDelta, cancellationToken)
                    .ConfigureAwait(false);
                if (fetched is not null)
                {
                    foreach (var other in _anchors)
                    {
                        other.Require(fetched.Segment);
                    }

                    return state.With(fetched.Segment);
                }

                _refusals.Add(AnchorRefusal.Of(anchor.Endpoint, refusal!));
            }
            catch (RpcException e) when (!cancellationToken.IsCancellationRequested)
            {
                _refusals.Add(AnchorRefusal.Of(anchor.Endpoint, e));
            }
        }

        return null;
    }

    private async Task<VerifierState?> FindHeadAsync(VerifierState state, CancellationToken cancellationToken)
    {
        var nonce = Hex16.FromBytes(RandomNumberGenerator.GetBytes(Hex16.Size));
        var heads = new List<OfferedHead>();
        var last = new Refusal(VerificationFailure.NoFreshHead, "heads", "no anchor gave one");
        await foreach (var asking in Task.WhenEach(_anchors.Select(anchor => HeadAsync(anchor, nonce, cancellationToken)))
            .ConfigureAwait(false))
        {
            if (await asking.ConfigureAwait(false) is not { } head)
            {
                continue;
            }

            heads.Add(head);
            var verdict = HeadCheck.Check(state, nonce, [.. heads], _time.GetUtcNow().ToUnixTimeMilliseconds(), _cache);
            if (verdict.IsAccepted)
            {
                return verdict.Next;
            }

            last = verdict.Refusal;
        }

        _refusals.Add(new AnchorRefusal(
            "home",
            last.Failure.ToString(),
            last.Detail,
            heads.Count <= state.HomeState!.Newest.Value.Quorum.F ? null : last.Failure));
        return null;
    }

    private async Task<OfferedHead?> HeadAsync(AnchorClient anchor, Hex16 nonce, CancellationToken cancellationToken)
    {
        try
        {
            var response = await anchor.HeadAsync(
                new HeadRequest
                {
                    Genesis = WireWriter.ToBytes(_bootstrap.Home.Genesis),
                    Nonce = UnsafeByteOperations.UnsafeWrap(nonce.ToArray()),
                },
                cancellationToken).ConfigureAwait(false);
            if (WireReader.TryRead(response.Head, out var head, out var refusal)
                && WireReader.TryRead(response.Seal, out var seal, out refusal))
            {
                return new OfferedHead(head, seal);
            }

            _refusals.Add(AnchorRefusal.Of(anchor.Endpoint, refusal));
        }
        catch (RpcException e) when (!cancellationToken.IsCancellationRequested)
        {
            _refusals.Add(AnchorRefusal.Of(anchor.Endpoint, e));
        }

        return null;
    }

    private async Task<Asked?> AskOneAsync(
        AnchorClient anchor,
        ResolveRequest request,
        Parsed<Query> query,
        VerifierState state,
        CancellationToken cancellationToken)
    {
        Refusal? refusal;
        try
        {
            var response = await anchor.ResolveAsync(request, cancellationToken).ConfigureAwait(false);
            if (WireReader.TryRead(response.Answer, out var raw, out refusal))
            {
                var now = _time.GetUtcNow().ToUnixTimeMilliseconds();
                var verdict = AnswerVerifier.Verify(state, query, raw, now, _options, _cache);
                if (verdict is Verdict.Accepted accepted)
                {
                    return new Asked(accepted, raw, state.ClockDelta, [.. _refusals]);
                }

                refusal = ((Verdict.Refused)verdict).Refusal;
            }
        }
        catch (RpcException e) when (!cancellationToken.IsCancellationRequested)
        {
            _refusals.Add(AnchorRefusal.Of(anchor.Endpoint, e));
            return null;
        }

        _refusals.Add(AnchorRefusal.Of(anchor.Endpoint, refusal));
        return null;
    }
}
