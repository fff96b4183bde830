using Grpc.Health.V1;

namespace Fairlead.Rpc;

/// <summary>
/// <c>grpc.health.v1.Health</c>: what is reported here is what <c>Check</c> answers and <c>Watch</c> streams. The empty
/// name is the server as a whole. Thread-safe.
/// </summary>
public sealed class HealthService
{
    /// <summary>The method <c>Check</c>.</summary>
    public static readonly Method<HealthCheckRequest, HealthCheckResponse> CheckMethod =
        HealthReflection.Descriptor.Services[0].Method<HealthCheckRequest, HealthCheckResponse>("Check");

    /// <summary>The method <c>Watch</c>.</summary>
    public static readonly Method<HealthCheckRequest, HealthCheckResponse> WatchMethod =
        HealthReflection.Descriptor.Services[0].Method<HealthCheckRequest, HealthCheckResponse>("Watch");

    private readonly Lock _gate = new();
    private readonly Dictionary<string, HealthCheckResponse.Types.ServingStatus> _statuses =
        new(StringComparer.Ordinal);

    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Reports a status.</summary>
    public void Set(string service, HealthCheckResponse.Types.ServingStatus status)
    {
        ArgumentNullException.ThrowIfNull(service);
        TaskCompletionSource changed;
        lock (_gate)
        {
            _statuses[service] = status;
            changed = _changed;
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        changed.SetResult();
    }

    /// <summary>The service, to be served.</summary>
    public ServerServiceDefinition Build() => ServerServiceDefinition.CreateBuilder()
        .AddMethod(CheckMethod, (request, _) => Task.FromResult(Check(request.Service)))
        .AddMethod(WatchMethod, WatchAsync)
        .Build();

    private HealthCheckResponse Check(string service)
    {
        lock (_gate)
        {
            return _statuses.TryGetValue(service, out var status)
                ? new HealthCheckResponse { Status = status }
                : throw new RpcException(new Status(StatusCode.NotFound, "unknown service"));
        }
    }

    private async Task WatchAsync(
        HealthCheckRequest request, IServerStreamWriter<HealthCheckResponse> responses, ServerCallContext context)
    {
        HealthCheckResponse.Types.ServingStatus? sent = null;
        while (true)
        {
            HealthCheckResponse.Types.ServingStatus status;
            Task changed;
            lock (_gate)
            {
                changed = _changed.Task;
                status = _statuses.GetValueOrDefault(
                    request.Service, HealthCheckResponse.Types.ServingStatus.ServiceUnknown);
            }

            if (status != sent)
            {
                await responses.WriteAsync(new HealthCheckResponse { Status = status }).ConfigureAwait(false);
                sent = status;
            }

            await changed.WaitAsync(context.CancellationToken).ConfigureAwait(false);
        }
    }
}
