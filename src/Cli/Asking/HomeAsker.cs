using System.Collections.Immutable;
using System.Security.Cryptography;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol;
using Fairlead.Protocol.Files;
using Fairlead.Protocol.V1;
using Fairlead.Resolver.Anchors;
using Fairlead.Resolver.Asking;
using Fairlead.Resolver.Home;
using Fairlead.Rpc;
using Google.Protobuf;
using Query = Fairlead.Naming.Query;

namespace Fairlead.Cli.Asking;

/// <summary>
/// Asks the home's anchors once, in the order of the bootstrap file and where that is not enough also where the newest
/// epoch has them, and verifies what they say: the home's chain
/// first, then, where nothing durable is held, heads from more than F of them (V41), then the answer. An anchor that
/// fails is noted and the next one asked; while one is silent the next is asked beside it, by the same
/// <see cref="AnchorAsking"/> as a resolver's. All of it ends within <see cref="Budget"/>. Not thread-safe.
/// </summary>
internal sealed class HomeAsker : IAsyncDisposable
{
    /// <summary>How long anybody who asks waits at most.</summary>
    internal static readonly TimeSpan Budget = TimeSpan.FromSeconds(20);

    // A busy machine takes its time over a first handshake, and one answer is all that is wanted.
    private static readonly AskingOptions Options = new()
    {
        Patience = TimeSpan.FromSeconds(10),
        HedgeDelay = () => TimeSpan.FromMilliseconds(750),
        RetriesMax = 2,
    };

    private readonly BootstrapFile _bootstrap;
    private readonly VerifierMemory _memory;
    private readonly Subject? _subject;
    private readonly Asker _own;
    private readonly TimeProvider _time;
    private ImmutableArray<AnchorClient> _anchors;
    private readonly AnchorAsking _asking;
    private readonly List<AnchorRefusal> _refusals = [];

    /// <summary>Asks nobody yet.</summary>
    /// <param name="bootstrap">The trust root.</param>
    /// <param name="own">Who asks, and the proof of it.</param>
    /// <param name="subject">The pod that it is.</param>
    /// <param name="memory">What its verifier remembers.</param>
    /// <param name="time">The clock.</param>
    /// <param name="random">Spreads retries.</param>
    internal HomeAsker(
        BootstrapFile bootstrap,
        Asker own,
        Subject? subject,
        VerifierMemory memory,
        TimeProvider time,
        Random random)
    {
        _bootstrap = bootstrap;
        _memory = memory;
        _own = own;
        _subject = subject;
        _time = time;
        _asking = new AnchorAsking(Options, time, random);
        _anchors = [.. bootstrap.Endpoints.Select(endpoint => Client(endpoint, null))];
    }

    /// <summary>Asks for a name.</summary>
    /// <param name="name">The absolute name of a service.</param>
    /// <param name="wholeChains">Whether every chain is to come from its genesis, for a file that verifies
    /// alone.</param>
    internal async Task<Asked> AskAsync(FullName name, bool wholeChains, CancellationToken cancellationToken)
    {
        using var budget = new CancellationTokenSource(Budget, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(budget.Token, cancellationToken);
        try
        {
            return await AskWithinAsync(name, wholeChains, either.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is OperationCanceledException or RpcException
            && budget.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            _refusals.Add(new AnchorRefusal(
                "home", nameof(StatusCode.DeadlineExceeded), $"no answer within {Budget.TotalSeconds:0} s", null));
            return Nothing();
        }
    }

    /// <summary>Asks for another name; what was refused before stays with the name before.</summary>
    internal Task<Asked> AskMoreAsync(FullName name, bool wholeChains, CancellationToken cancellationToken)
    {
        _refusals.Clear();
        return AskAsync(name, wholeChains, cancellationToken);
    }

    private async Task<Asked> AskWithinAsync(FullName name, bool wholeChains, CancellationToken cancellationToken)
    {
        if (!await MeetAsync(cancellationToken).ConfigureAwait(false))
        {
            return Nothing();
        }

        var home = _bootstrap.Home.Genesis;
        var query = Document.Make(new Query
        {
            Home = home,
            Name = name,
            Subject = _subject is { } subject ? Hashes.Subject(home, subject) : null,
        });
        var request = new ResolveRequest { Query = UnsafeByteOperations.UnsafeWrap(query.Payload) };
        if (!wholeChains)
        {
            request.Known.AddRange(_memory.State.Segments.Values.Select(WireWriter.ToKnown));
        }

        // An anchor that only just heard of the target, or of a seal, answers the next time.
        var (asked, failures) = await _asking.RunAsync(
            [.. Enumerable.Range(0, _anchors.Length)],
            (anchor, token) => AskOneAsync(_anchors[anchor], request, query, wholeChains, token),
            cancellationToken).ConfigureAwait(false);
        _refusals.AddRange(failures.Select(failure => RefusalOf(failure.Anchor, failure.Why)));
        return asked is null ? Nothing() : asked with { Refusals = [.. _refusals] };
    }

    private AnchorClient Client(IpEndpoint endpoint, SegmentState? home) =>
        new(endpoint, _own.Identity, _time, home) { Token = _own.Token };

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var anchor in _anchors)
        {
            await anchor.DisposeAsync().ConfigureAwait(false);
        }
    }

    // V8-V15, V41 and V63: the chain, and heads where nothing is remembered; all connections are then held to its tls
    // keys.
    private async Task<bool> MeetAsync(CancellationToken cancellationToken)
    {
        if (!_memory.NeedsHeads)
        {
            return await MeetAnyAsync(cancellationToken).ConfigureAwait(false)
                || (KnowMore() && await MeetAnyAsync(cancellationToken).ConfigureAwait(false));
        }

        var result = await AskHeadsAsync(cancellationToken).ConfigureAwait(false);
        if (result.Refusal is { Failure: VerificationFailure.NoFreshHead } && KnowMore())
        {
            result = await AskHeadsAsync(cancellationToken).ConfigureAwait(false);
        }

        _refusals.AddRange(result.Failures
            .Where(failure => result.Refusal is not null || !failure.IsUnheard)
            .Select(failure => failure.Exception is { } exception
                ? AnchorRefusal.Of(failure.Anchor, exception)
                : AnchorRefusal.Of(failure.Anchor, failure.Refusal)));
        if (_memory.State.HomeState is { } home)
        {
            HoldTo(home);

            // Too few heads say nothing of the home; heads that do not hold do.
            if (result.Refusal is { } refusal)
            {
                var isTransport = result.Heads <= home.Newest.Value.Quorum.F;
                _refusals.Add(new AnchorRefusal(
                    "home", refusal.Failure.ToString(), refusal.Detail, isTransport ? null : refusal.Failure));
            }
        }

        return result.Refusal is null;
    }

    private Task<MeetingResult> AskHeadsAsync(CancellationToken cancellationToken) => HomeMeeting.AskHeadsAsync(
        _anchors, _memory, RandomNumberGenerator.Fill, HomeMeeting.ClockPatience, _time, cancellationToken);

    // A bootstrap file may be older than the last move of most anchors: the chain tells where they are.
    private bool KnowMore()
    {
        var home = _memory.State.HomeState;
        var more = HomeEndpoints.Of(_bootstrap.Endpoints, home)
            .Where(endpoint => !_anchors.Any(anchor => anchor.Endpoint.Text == endpoint.Text))
            .Select(endpoint => Client(endpoint, home)).ToList();
        _anchors = _anchors.AddRange(more);
        return more.Count > 0;
    }

    private async Task<bool> MeetAnyAsync(CancellationToken cancellationToken)
    {
        var (met, failures) = await _asking.RunAsync(
            [.. Enumerable.Range(0, _anchors.Length)],
            async (anchor, token) => await MeetOneAsync(_anchors[anchor], token).ConfigureAwait(false),
            cancellationToken).ConfigureAwait(false);
        _refusals.AddRange(failures.Select(failure => RefusalOf(failure.Anchor, failure.Why)));
        if (_memory.State.HomeState is { } home)
        {
            HoldTo(home);
        }

        return met is not null;
    }

    private async Task<AnchorClient> MeetOneAsync(AnchorClient anchor, CancellationToken cancellationToken)
    {
        try
        {
            return await HomeMeeting.MeetAsync(anchor, _memory, _time, cancellationToken).ConfigureAwait(false)
                is { } refusal
                ? throw new AnchorFailedException(refusal)
                : anchor;
        }
        catch (RpcException e)
        {
            throw Failed(anchor, e, cancellationToken);
        }
    }

    private void HoldTo(SegmentState home)
    {
        foreach (var anchor in _anchors)
        {
            anchor.Require(home);
        }
    }

    private static AnchorFailedException Failed(
        AnchorClient anchor, RpcException failure, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return new AnchorFailedException(
            HomeMeeting.Describe(failure, anchor.Endpoint),
            failure,
            isNotYet: RpcFailures.Read(failure) is { } named && RpcFailures.IsRetriable(named.Failure));
    }

    private AnchorRefusal RefusalOf(int anchor, AnchorFailedException why) => why.InnerException is RpcException failure
        ? AnchorRefusal.Of(_anchors[anchor].Endpoint, failure)
        : why.InnerException is not null
            ? new AnchorRefusal(_anchors[anchor].Endpoint.Text, "Unavailable", why.Refusal.Detail, null)
            : AnchorRefusal.Of(_anchors[anchor].Endpoint, why.Refusal);

    private async Task<Asked> AskOneAsync(
        AnchorClient anchor,
        ResolveRequest request,
        Parsed<Query> query,
        bool wholeChains,
        CancellationToken cancellationToken)
    {
        Refusal? refusal;
        try
        {
            var response = await anchor.ResolveAsync(request, cancellationToken).ConfigureAwait(false);
            if (WireReader.TryRead(response.Answer, out var raw, out refusal))
            {
                (var chains, refusal) = await _memory.CatchUpAsync(anchor, raw, _time, cancellationToken)
                    .ConfigureAwait(false);
                VerifiedAnswer? answer = null;
                if (refusal is null)
                {
                    (answer, refusal) = _memory.Verify(
                        query, raw, _time.GetUtcNow().ToUnixTimeMilliseconds(), chains);
                }

                if (answer is not null)
                {
                    var (whole, missing) = wholeChains
                        ? await WholeChains.FetchAsync(
                            [anchor, .. _anchors.Where(other => other != anchor)], raw, _time, cancellationToken)
                            .ConfigureAwait(false)
                        : (raw, null);
                    return new Asked(answer, whole, _memory.State.ClockDelta, []) { Missing = missing };
                }
            }
        }
        catch (RpcException e)
        {
            throw Failed(anchor, e, cancellationToken);
        }

        throw new AnchorFailedException(refusal!);
    }

    private Asked Nothing() => new(null, null, _memory.State.ClockDelta, [.. _refusals]);
}
