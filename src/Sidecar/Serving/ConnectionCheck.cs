using Fairlead.Rpc;
using Fairlead.Sidecar.Translation;
using Grpc.Health.V1;
using static Grpc.Health.V1.HealthCheckResponse.Types;

namespace Fairlead.Sidecar.Serving;

/// <summary>
/// Says to the Envoys of the pod whether connections of TCP to a strict name may go on: they ask by the protocol of
/// gRPC's health checks, with a cluster as the service and an endpoint as the authority. The empty service is the
/// sidecar itself. Safe for concurrent use.
/// </summary>
/// <param name="ask">Whether connections to an endpoint of a cluster may go on at a moment of the clock; null where
/// nothing is known of it yet.</param>
/// <param name="time">The clock.</param>
internal sealed class ConnectionCheck(Func<string, string, TimeSpan, bool?> ask, TimeProvider time)
{
    private const int AskersMax = 10_000;

    // Longer than an address of IPv6 and a port: what is said is kept.
    private const int EndpointLengthMax = 64;

    // Who asks asks some times a second; who has not asked for as long asks no more.
    private static readonly TimeSpan Asking = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan HeldMax = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();

    // By the name that they ask about, and all in the order in which they asked last.
    private readonly Dictionary<string, Dictionary<(string Peer, string Endpoint), LinkedListNode<Asker>>> _names =
        new(StringComparer.Ordinal);

    private readonly LinkedList<Asker> _askers = new();

    private readonly record struct Asker(string Name, string Peer, string Endpoint, TimeSpan At, bool MayGoOn);

    /// <summary>The service, to be served.</summary>
    internal ServerServiceDefinition Define() => ServerServiceDefinition.CreateBuilder()
        .AddMethod(HealthService.CheckMethod, CheckAsync)
        .Build();

    /// <summary>Whether everybody who asks about a name was told the last time that some of its connections may not go
    /// on, or asks no more.</summary>
    /// <param name="name">The name.</param>
    /// <param name="mayGoOn">Whether connections to an endpoint may go on now.</param>
    internal bool AreTold(string name, Func<string, bool> mayGoOn)
    {
        string[] heard = [];
        var now = time.GetElapsedTime(0);
        lock (_gate)
        {
            if (_names.TryGetValue(name, out var askers))
            {
                heard =
                [
                    .. askers.Values.Select(node => node.Value).Where(one => one.MayGoOn && now - one.At < Asking)
                        .Select(one => one.Endpoint),
                ];
            }
        }

        return heard.All(mayGoOn);
    }

    /// <summary>Whether connections to an endpoint of a cluster may go on now; null where nothing is known of it
    /// yet.</summary>
    internal bool? Ask(string cluster, string endpoint) => ask(cluster, endpoint, time.GetElapsedTime(0));

    /// <summary>Answers one question.</summary>
    /// <exception cref="OperationCanceledException">Who asked waits no longer: nothing is known yet.</exception>
    internal async Task<HealthCheckResponse> CheckAsync(HealthCheckRequest request, ServerCallContext context)
    {
        if (request.Service.Length == 0)
        {
            return Answer(true);
        }

        if (!ClusterNames.TryRead(request.Service, out var name, out _) || context.Host.Length > EndpointLengthMax)
        {
            return Answer(false);
        }

        if (Ask(request.Service, context.Host) is not { } mayGoOn)
        {
            // Neither yes nor no: as if nobody were here, which an Envoy bears a few times.
            await Task.Delay(HeldMax, time, context.CancellationToken).ConfigureAwait(false);
            throw new RpcException(new Status(StatusCode.Unavailable, "nothing is known of it yet"));
        }

        Note(name, context.Peer, context.Host, mayGoOn);
        return Answer(mayGoOn);
    }

    /// <summary>Somebody was told whether connections may go on.</summary>
    /// <param name="name">The name.</param>
    /// <param name="peer">Who asked.</param>
    /// <param name="endpoint">The endpoint.</param>
    /// <param name="mayGoOn">What was said.</param>
    internal void Note(string name, string peer, string endpoint, bool mayGoOn)
    {
        var asker = new Asker(name, peer, endpoint, time.GetElapsedTime(0), mayGoOn);
        var key = (peer, endpoint);
        lock (_gate)
        {
            // Each is taken out once, by whoever asks next: who asks costs the same however many there are.
            while (_askers.First is { } oldest && asker.At - oldest.Value.At >= Asking)
            {
                Forget(oldest);
            }

            if (_names.TryGetValue(name, out var askers) && askers.TryGetValue(key, out var known))
            {
                Forget(known);
            }

            if (_askers.Count < AskersMax)
            {
                if (!_names.TryGetValue(name, out askers))
                {
                    _names[name] = askers = [];
                }

                askers[key] = _askers.AddLast(asker);
            }
        }
    }

    private void Forget(LinkedListNode<Asker> asker)
    {
        var (name, peer, endpoint, _, _) = asker.Value;
        _askers.Remove(asker);
        var askers = _names[name];
        askers.Remove((peer, endpoint));
        if (askers.Count == 0)
        {
            _names.Remove(name);
        }
    }

    private static HealthCheckResponse Answer(bool mayGoOn) =>
        new() { Status = mayGoOn ? ServingStatus.Serving : ServingStatus.NotServing };
}
