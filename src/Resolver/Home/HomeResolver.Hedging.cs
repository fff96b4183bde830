using System.Collections.Immutable;
using Fairlead.Identities;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Fairlead.Resolver.Anchors;
using Fairlead.Resolver.Asking;
using Fairlead.Rpc;
using Google.Protobuf;
using Query = Fairlead.Naming.Query;

namespace Fairlead.Resolver.Home;

/// <content>Asking other anchors beside one that is silent, while somebody waits.</content>
public sealed partial class HomeResolver
{
    // How many times those that only have nothing yet are asked again.
    private const int RetriesMax = 2;

    private readonly Dictionary<int, (AnchorClient Client, ConsumerProof? Proof)> _hedgeClients = [];

    // What verifies holds a thread, and must be alone with the state: the names that wait for it wait without one.
    private readonly SemaphoreSlim _verifying = new(1);
    private AnchorAsking? _asking;

    // On the resolver's task; what it starts ends in an event.
    private void Hedge(string name, int silent)
    {
        var order = ImmutableArray.CreateRange(Enumerable.Range(0, _anchors.Length).Where(anchor => anchor != silent));
        if (order.IsEmpty || Memory.State.HomeState is not { } home)
        {
            Post(new ResolverEvent.Hedged(name, null));
            return;
        }

        // Made with the first silence: where all anchors answer it costs no memory.
        _asking ??= new AnchorAsking(
            new AskingOptions
            {
                Patience = _options.AskPatience,
                HedgeDelay = () => TimeSpan.FromMilliseconds(_cache.HedgeDelay),
                RetriesMax = RetriesMax,
            },
            _options.Time,
            new Random(_options.Random.Next()));
        var full = FullName.Parse(name);
        var query = QueryOf(full);
        var request = new ResolveRequest { Query = UnsafeByteOperations.UnsafeWrap(query.Payload) };
        var told = Told.Of(Memory.State, full.Segment);
        request.Known.AddRange(told.ToKnown());
        var clients = order.ToDictionary(anchor => anchor, anchor => HedgeClient(anchor, home));
        _leaving.RemoveAll(task => task.IsCompleted);
        _leaving.Add(HedgeAsync(name, query, told, request, order, clients));
    }

    private AnchorClient HedgeClient(int anchor, SegmentState home)
    {
        if (_sessions.TryGetValue(anchor, out var session))
        {
            return session.Client;
        }

        var proof = _options.Proof?.Current;
        if (_hedgeClients.TryGetValue(anchor, out var held))
        {
            if (held.Proof == proof)
            {
                return held.Client;
            }

            _leaving.Add(held.Client.DisposeAsync().AsTask());
        }

        var client = _options.Connect(_anchors[anchor], proof, home);
        _hedgeClients[anchor] = (client, proof);
        return client;
    }

    private async Task HedgeAsync(
        string name,
        Parsed<Query> query,
        Told told,
        ResolveRequest request,
        ImmutableArray<int> order,
        Dictionary<int, AnchorClient> clients)
    {
        HedgedAnswer? answer = null;
        try
        {
            (answer, _) = await _asking!.RunAsync(
                order,
                (anchor, token) => AskOnceAsync(clients[anchor], name, query, told, request, token),
                _stop.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The resolver ends, and this name's turn with it.
        }
        finally
        {
            Post(new ResolverEvent.Hedged(name, answer));
        }
    }

    private async Task<HedgedAnswer> AskOnceAsync(
        AnchorClient client,
        string name,
        Parsed<Query> query,
        Told told,
        ResolveRequest request,
        CancellationToken cancellationToken)
    {
        Refusal? refusal;
        var (isNotYet, isOurs) = (false, false);
        long? lateUntil = null;
        UnverifiedAnswer? raw = null;
        try
        {
            var response = await client.ResolveAsync(request, cancellationToken).ConfigureAwait(false);
            if (WireReader.TryRead(response.Answer, out raw, out refusal))
            {
                (var chains, refusal) = await Memory.CatchUpAsync(client, raw, _options.Time, cancellationToken)
                    .ConfigureAwait(false);
                VerifiedAnswer? answer = null;
                if (refusal is null)
                {
                    (answer, refusal) = await VerifyAloneAsync(query, raw, chains, cancellationToken)
                        .ConfigureAwait(false);
                }

                if (answer is not null)
                {
                    _lags.Clear(client.Endpoint.Text, answer.Target.Genesis);
                    return new HedgedAnswer(answer, raw, response.Answer.CalculateSize());
                }

                isOurs = true;
                lateUntil = told.LateUntil(refusal!, raw);
            }
        }
        catch (RpcException e)
        {
            cancellationToken.ThrowIfCancellationRequested();
            refusal = HomeMeeting.Describe(e, client.Endpoint);
            isNotYet = RpcFailures.Read(e) is { } named && RpcFailures.IsRetriable(named.Failure);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // Whatever an anchor can bring about here ends its own part and nothing else.
            cancellationToken.ThrowIfCancellationRequested();
            refusal = new Refusal(
                VerificationFailure.BadEnvelope, client.Endpoint.Text, $"{e.GetType().Name}: {e.Message}");
        }

        if (lateUntil is { } until)
        {
            (refusal, isNotYet) = (NoteLag(client.Endpoint, name, raw!, refusal!, until), true);
        }
        else if (isOurs)
        {
            NoteRefusal(client.Endpoint, name, refusal!);
        }
        else
        {
            Troubles.Note(client.Endpoint.Text, name, refusal!);
        }

        throw new AnchorFailedException(refusal!, isNotYet: isNotYet);
    }

    private async Task<(VerifiedAnswer? Answer, Refusal? Refusal)> VerifyAloneAsync(
        Parsed<Query> query,
        UnverifiedAnswer raw,
        ImmutableArray<SegmentState> chains,
        CancellationToken cancellationToken)
    {
        await _verifying.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return Memory.Verify(query, raw, Now().Wall, chains);
        }
        finally
        {
            _verifying.Release();
        }
    }

    private void OnHedged(string name, HedgedAnswer? hedged)
    {
        Step(new CacheInput.Hedged(name, hedged?.Answer) { Bytes = hedged?.Bytes ?? 0 });
        if (hedged is not null)
        {
            Keep(name, hedged.Answer, hedged.Raw);
        }
    }

    // V63: connections are held to one epoch; the next hedge makes new ones.
    private void LeaveHedgeClients()
    {
        _leaving.AddRange(_hedgeClients.Values.Select(held => held.Client.DisposeAsync().AsTask()));
        _hedgeClients.Clear();
    }
}
