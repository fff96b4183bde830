using System.Collections.Immutable;
using Fairlead.Naming;
using Fairlead.Protocol;
using Fairlead.Protocol.Files;
using Fairlead.Protocol.V1;
using Fairlead.Resolver.Anchors;
using Fairlead.Resolver.Home;
using Fairlead.Rpc;
using Google.Protobuf;
using Query = Fairlead.Naming.Query;

namespace Fairlead.Cli.Asking;

/// <summary>
/// Asks the home's anchors once, in the order of the bootstrap file, and verifies what they say: the home's chain
/// first, then, where nothing durable is held, heads from more than F of them (V41), then the answer. An anchor that
/// fails is noted, and the next one is asked; beside one that is slow, too. All of it ends within <see cref="Budget"/>.
/// Not thread-safe.
/// </summary>
internal sealed class HomeAsker : IAsyncDisposable
{
    /// <summary>How long anybody who asks waits at most.</summary>
    internal static readonly TimeSpan Budget = TimeSpan.FromSeconds(20);

    private const int RoundsMax = 3;
    private static readonly TimeSpan BetweenRounds = TimeSpan.FromMilliseconds(300);

    private readonly BootstrapFile _bootstrap;
    private readonly VerifierMemory _memory;
    private readonly Subject? _subject;
    private readonly TimeProvider _time;
    private readonly ImmutableArray<AnchorClient> _anchors;
    private readonly List<AnchorRefusal> _refusals = [];

    internal HomeAsker(
        BootstrapFile bootstrap, TlsIdentity identity, Subject? subject, VerifierMemory memory, TimeProvider time)
    {
        _bootstrap = bootstrap;
        _memory = memory;
        _subject = subject;
        _time = time;
        _anchors = [.. bootstrap.Endpoints.Select(endpoint => new AnchorClient(endpoint, identity, time))];
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

        for (var round = 1; ; round++)
        {
            var before = _refusals.Count;
            await foreach (var said in Hedge.AskAsync(
                _anchors, (anchor, enough) => CallAsync(anchor, request, enough), _time, cancellationToken)
                .ConfigureAwait(false))
            {
                if (Take(said, query) is { } asked)
                {
                    return asked;
                }
            }

            // An anchor that only just heard of the target, or of a seal, answers the next time.
            if (round == RoundsMax
                || !_refusals.Skip(before).Any(refusal => refusal.Check is not null && refusal.IsTransport))
            {
                return Nothing();
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

    // V8-V15, V41 and V63: the chain, and heads where nothing is remembered; all connections are then held to its tls
    // keys.
    private async Task<bool> MeetAsync(CancellationToken cancellationToken)
    {
        var isFresh = _memory.State.HomeState?.Seal is null;
        var result = isFresh
            ? await HomeMeeting.AskHeadsAsync(_anchors, _memory, _time, cancellationToken).ConfigureAwait(false)
            : await HomeMeeting.MeetAnyAsync(_anchors, _memory, _time, cancellationToken).ConfigureAwait(false);
        _refusals.AddRange(result.Failures.Select(failure => failure.Exception is { } exception
            ? AnchorRefusal.Of(failure.Anchor, exception)
            : AnchorRefusal.Of(failure.Anchor, failure.Refusal)));
        if (_memory.State.HomeState is { } home)
        {
            foreach (var anchor in _anchors)
            {
                anchor.Require(home);
            }

            // Too few heads say nothing of the home; heads that do not hold do.
            if (isFresh && result.Refusal is { } refusal)
            {
                var isTransport = result.Heads <= home.Newest.Value.Quorum.F;
                _refusals.Add(new AnchorRefusal(
                    "home", refusal.Failure.ToString(), refusal.Detail, isTransport ? null : refusal.Failure));
            }
        }

        return result.Refusal is null;
    }

    private static async Task<(AnchorClient Anchor, ResolveResponse? Response, RpcException? Failure)> CallAsync(
        AnchorClient anchor, ResolveRequest request, CancellationToken cancellationToken)
    {
        try
        {
            return (anchor, await anchor.ResolveAsync(request, cancellationToken).ConfigureAwait(false), null);
        }
        catch (RpcException e)
        {
            return (anchor, null, e);
        }
    }

    private Asked? Take(
        (AnchorClient Anchor, ResolveResponse? Response, RpcException? Failure) said, Parsed<Query> query)
    {
        if (said.Failure is { } failure)
        {
            _refusals.Add(AnchorRefusal.Of(said.Anchor.Endpoint, failure));
            return null;
        }

        if (WireReader.TryRead(said.Response!.Answer, out var raw, out var refusal))
        {
            (var answer, refusal) = _memory.Verify(query, raw, _time.GetUtcNow().ToUnixTimeMilliseconds());
            if (answer is not null)
            {
                return new Asked(answer, raw, _memory.State.ClockDelta, [.. _refusals]);
            }
        }

        _refusals.Add(AnchorRefusal.Of(said.Anchor.Endpoint, refusal!));
        return null;
    }

    private Asked Nothing() => new(null, null, _memory.State.ClockDelta, [.. _refusals]);
}
