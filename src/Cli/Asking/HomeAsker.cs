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
/// Asks the home's anchors, in the order of the bootstrap file, and verifies what they say: the home's chain first,
/// then, where nothing durable is held, heads from more than F of them (V41), then the answer. An anchor that fails is
/// noted, and the next one is asked; beside one that is slow, too. All of it ends within <see cref="Budget"/>. Not
/// thread-safe.
/// </summary>
internal sealed class HomeAsker : IAsyncDisposable
{
    /// <summary>How long anybody who asks waits at most.</summary>
    internal static readonly TimeSpan Budget = TimeSpan.FromSeconds(12);

    private const int RoundsMax = 3;
    private static readonly TimeSpan BetweenRounds = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan Hedge = TimeSpan.FromMilliseconds(750);

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
            if (await AskAllAsync(request, query, cancellationToken).ConfigureAwait(false) is { } asked)
            {
                return asked;
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

    // One after the other, the next one as soon as one failed or took long; the first good answer counts.
    private async Task<Asked?> AskAllAsync(
        ResolveRequest request, Parsed<Query> query, CancellationToken cancellationToken)
    {
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var waiting = new Queue<AnchorClient>(_anchors);
        var asked = new List<Task<Heard>>();
        try
        {
            while (true)
            {
                if (waiting.TryDequeue(out var next))
                {
                    asked.Add(CallAsync(next, request, enough.Token));
                }

                if (asked.Count == 0)
                {
                    return null;
                }

                var patience = waiting.Count > 0 ? Hedge : Timeout.InfiniteTimeSpan;
                if (await FirstAsync(asked, patience, cancellationToken).ConfigureAwait(false) is not { } first)
                {
                    continue;
                }

                asked.Remove(first);
                if (Take(await first.ConfigureAwait(false), query) is { } answer)
                {
                    return answer;
                }
            }
        }
        finally
        {
            await enough.CancelAsync().ConfigureAwait(false);
            await Task.WhenAll(asked).ConfigureAwait(false);
        }
    }

    private async Task<Task<Heard>?> FirstAsync(
        List<Task<Heard>> asked, TimeSpan patience, CancellationToken cancellationToken)
    {
        try
        {
            return await Task.WhenAny(asked).WaitAsync(patience, _time, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            return null;
        }
    }

    private static async Task<Heard> CallAsync(
        AnchorClient anchor, ResolveRequest request, CancellationToken cancellationToken)
    {
        try
        {
            return new Heard(anchor, await anchor.ResolveAsync(request, cancellationToken).ConfigureAwait(false), null);
        }
        catch (RpcException e)
        {
            return new Heard(anchor, null, e);
        }
    }

    private Asked? Take(Heard heard, Parsed<Query> query)
    {
        if (heard.Failure is { } failure)
        {
            _refusals.Add(AnchorRefusal.Of(heard.Anchor.Endpoint, failure));
            return null;
        }

        if (WireReader.TryRead(heard.Response!.Answer, out var raw, out var refusal))
        {
            (var answer, refusal) = _memory.Verify(query, raw, _time.GetUtcNow().ToUnixTimeMilliseconds());
            if (answer is not null)
            {
                return new Asked(answer, raw, _memory.State.ClockDelta, [.. _refusals]);
            }
        }

        _refusals.Add(AnchorRefusal.Of(heard.Anchor.Endpoint, refusal!));
        return null;
    }

    private Asked Nothing() => new(null, null, _memory.State.ClockDelta, [.. _refusals]);

    private sealed record Heard(AnchorClient Anchor, ResolveResponse? Response, RpcException? Failure);
}
