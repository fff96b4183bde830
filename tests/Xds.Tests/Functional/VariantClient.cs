using Fairlead.EnvoyApi.Core;
using Fairlead.EnvoyApi.Discovery;
using Fairlead.Rpc;
using Google.Protobuf;
using Xunit;
using Status = Fairlead.EnvoyApi.Rpc.Status;

namespace Fairlead.Xds.Tests.Functional;

/// <summary>One of the four ways to ask for resources.</summary>
public enum Variant
{
    /// <summary>State of the world, all types on one stream.</summary>
    Sotw,

    /// <summary>Delta, all types on one stream.</summary>
    Delta,

    /// <summary>State of the world, a stream for each type.</summary>
    SotwPerType,

    /// <summary>Delta, a stream for each type.</summary>
    DeltaPerType,
}

/// <summary>
/// A client of any variant over a real connection: acknowledges, and shows each response as "cds a b -c". One task at a
/// time.
/// </summary>
internal sealed class VariantClient(
    Variant variant, string socket, CancellationToken cancellationToken, string? node = "test", string agent = "")
    : IAsyncDisposable
{
    private const int EnvoyBytes = 64 << 20;

    // Whoever says nothing takes what gRPC takes; what is sent, no library bounds.
    private readonly RpcChannel _channel = new("unix:" + socket, new RpcChannelOptions
    {
        MaxReceiveMessageBytes = agent == "envoy" ? EnvoyBytes : RpcDefaults.MaxMessageBytes,
        MaxSendMessageBytes = EnvoyBytes,
    });

    private readonly Dictionary<string, Feed> _feeds = [];
    private readonly Dictionary<ResourceType, HashSet<string>> _names = [];
    private readonly HashSet<ResourceType> _everything = [];

    /// <summary>Who it says it is; null where it does not say.</summary>
    internal string? Node { get; set; } = node;

    private Node? Self => Node is null ? null : new Node { Id = Node, UserAgentName = agent };

    private bool IsDelta => variant is Variant.Delta or Variant.DeltaPerType;

    private bool IsPerType => variant is Variant.SotwPerType or Variant.DeltaPerType;

    /// <summary>Asks for these names besides those before; for everything where none is given.</summary>
    internal Task SubscribeAsync(ResourceType type, params string[] names)
    {
        if (names.Length == 0)
        {
            _everything.Add(type);
        }

        Of(type).UnionWith(names);
        return SendAsync(type, names, []);
    }

    /// <summary>Gives names up.</summary>
    internal Task UnsubscribeAsync(ResourceType type, params string[] names)
    {
        Of(type).ExceptWith(names);
        return SendAsync(type, [], names);
    }

    /// <summary>The next response of a type, acknowledged.</summary>
    internal async Task<string> NextAsync(ResourceType type)
    {
        while (true)
        {
            var response = await TakeAsync(type);
            await response.AcknowledgeAsync();
            if (response.Type == type)
            {
                return response.Text;
            }
        }
    }

    /// <summary>The next response on the stream of a type, and what acknowledges it.</summary>
    internal async Task<(ResourceType Type, string Text, string Version, Func<Task> AcknowledgeAsync)> TakeAsync(
        ResourceType type)
    {
        var response = await Open(type).ReadAsync(cancellationToken);
        return (
            response.Type, response.Text, response.Version,
            () => AcknowledgeAsync(response.Type, response.Nonce, response.Version));
    }

    /// <summary>The next response of a type, refused where it has a resource that is not taken.</summary>
    internal async Task<(string Text, bool IsTaken)> WeighAsync(ResourceType type, Func<string, bool> takes)
    {
        var response = await Open(type).ReadAsync(cancellationToken);
        Assert.Equal(type, response.Type);
        var isTaken = response.Text.Split(' ').Skip(1).All(takes);
        await AcknowledgeAsync(type, response.Nonce, isTaken ? response.Version : "", isTaken ? null : new Status
        {
            Code = 13, Message = "cannot read one",
        });
        return (response.Text, isTaken);
    }

    /// <summary>Ends the stream of one type.</summary>
    internal void End(ResourceType type)
    {
        _feeds.Remove(KeyOf(type), out var feed);
        feed!.Dispose();
    }

    /// <summary>Says nothing more on the stream of a type, and reads what is left of it.</summary>
    /// <returns>How it ended.</returns>
    internal async Task<StatusCode> CompleteAsync(ResourceType type)
    {
        await Open(type).HalfCloseAsync();
        return await EndAsync(type);
    }

    /// <summary>Reads the stream of a type to its end.</summary>
    /// <returns>How it ended.</returns>
    internal async Task<StatusCode> EndAsync(ResourceType type)
    {
        var feed = Open(type);
        try
        {
            while (await feed.MoveNextAsync(cancellationToken))
            {
            }

            return feed.Status;
        }
        catch (RpcException e)
        {
            return e.StatusCode;
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var feed in _feeds.Values)
        {
            feed.Dispose();
        }

        await _channel.DisposeAsync();
    }

    private HashSet<string> Of(ResourceType type) => _names.TryGetValue(type, out var names)
        ? names
        : _names[type] = [];

    private Task AcknowledgeAsync(ResourceType type, string nonce, string version, Status? error = null) => IsDelta
        ? Open(type).WriteAsync(new DeltaDiscoveryRequest
        {
            TypeUrl = Url(type), ResponseNonce = nonce, ErrorDetail = error,
        })
        : Open(type).WriteAsync(new DiscoveryRequest
        {
            TypeUrl = Url(type), ResponseNonce = nonce, VersionInfo = version, ResourceNames = { All(type) },
            ErrorDetail = error,
        });

    private Task SendAsync(ResourceType type, string[] added, string[] removed) => IsDelta
        ? Open(type).WriteAsync(new DeltaDiscoveryRequest
        {
            Node = Self,
            TypeUrl = Url(type),
            ResourceNamesSubscribe = { added },
            ResourceNamesUnsubscribe = { removed },
        })
        : Open(type).WriteAsync(new DiscoveryRequest
        {
            Node = Self, TypeUrl = Url(type), ResourceNames = { All(type) },
        });

    private IEnumerable<string> All(ResourceType type) =>
        _everything.Contains(type) && Of(type).Count > 0 ? Of(type).Prepend("*") : Of(type);

    // A stream of one type need not say which.
    private string Url(ResourceType type) => IsPerType ? "" : type.TypeUrl;

    private string KeyOf(ResourceType type) => IsPerType ? type.ShortName : "ads";

    private Feed Open(ResourceType type)
    {
        var (service, method) = IsPerType
            ? ($"envoy.service.{Word(type)}.v3.{Title(type)}DiscoveryService", Title(type) + "s")
            : ("envoy.service.discovery.v3.AggregatedDiscoveryService", "AggregatedResources");
        if (!_feeds.TryGetValue(KeyOf(type), out var feed))
        {
            var options = new CallOptions(cancellationToken: cancellationToken);
            _feeds[KeyOf(type)] = feed = IsDelta
                ? new DeltaFeed(_channel.CreateCallInvoker().AsyncDuplexStreamingCall(
                    MethodOf(service, "Delta" + method, DeltaDiscoveryRequest.Parser, DeltaDiscoveryResponse.Parser),
                    null, options))
                : new SotwFeed(_channel.CreateCallInvoker().AsyncDuplexStreamingCall(
                    MethodOf(service, "Stream" + method, DiscoveryRequest.Parser, DiscoveryResponse.Parser),
                    null, options));
        }

        return feed;
    }

    private static string Title(ResourceType type) => type == ResourceType.Cluster ? "Cluster"
        : type == ResourceType.Endpoints ? "Endpoint"
        : type == ResourceType.Listener ? "Listener"
        : type == ResourceType.Secret ? "Secret"
        : "Route";

    private static string Word(ResourceType type) => Title(type).ToLowerInvariant();

    private static Method<TRequest, TResponse> MethodOf<TRequest, TResponse>(
        string service, string method, MessageParser<TRequest> requests, MessageParser<TResponse> responses)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse> => new(
            MethodType.DuplexStreaming, service, method, MarshallerOf(requests), MarshallerOf(responses));

    private static Marshaller<T> MarshallerOf<T>(MessageParser<T> parser)
        where T : IMessage<T> => new(
            static (message, context) =>
            {
                context.SetPayloadLength(message.CalculateSize());
                message.WriteTo(context.GetBufferWriter());
                context.Complete();
            },
            context => parser.ParseFrom(context.PayloadAsReadOnlySequence()));

    /// <summary>
    /// One call. Whoever reads acknowledges, and may do so before the write that brought the response about has ended:
    /// each write waits for the one before.
    /// </summary>
    private abstract class Feed : IDisposable
    {
        private readonly Lock _lock = new();
        private Task _last = Task.CompletedTask;

        internal Task WriteAsync(IMessage request)
        {
            lock (_lock)
            {
                return _last = WriteAfterAsync(_last, request);
            }
        }

        private async Task WriteAfterAsync(Task last, IMessage request)
        {
            await last.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await SendAsync(request);
        }

        /// <summary>Ends what is written, behind the last write.</summary>
        internal async Task HalfCloseAsync()
        {
            Task last;
            lock (_lock)
            {
                last = _last;
            }

            await last;
            await CompleteAsync();
        }

        internal abstract StatusCode Status { get; }

        internal abstract Task<bool> MoveNextAsync(CancellationToken cancellationToken);

        protected abstract Task CompleteAsync();

        protected abstract Task SendAsync(IMessage request);

        internal abstract Task<(ResourceType Type, string Nonce, string Version, string Text)> ReadAsync(
            CancellationToken cancellationToken);

        public abstract void Dispose();

        protected static string Text(ResourceType type, IEnumerable<string> names) =>
            string.Join(' ', names.Order(StringComparer.Ordinal).Prepend(type.ShortName));
    }

    private sealed class SotwFeed(AsyncDuplexStreamingCall<DiscoveryRequest, DiscoveryResponse> call) : Feed
    {
        internal override StatusCode Status => call.GetStatus().StatusCode;

        internal override Task<bool> MoveNextAsync(CancellationToken cancellationToken) =>
            call.ResponseStream.MoveNext(cancellationToken);

        protected override Task CompleteAsync() => call.RequestStream.CompleteAsync();

        protected override Task SendAsync(IMessage request) =>
            call.RequestStream.WriteAsync((DiscoveryRequest)request);

        internal override async Task<(ResourceType Type, string Nonce, string Version, string Text)> ReadAsync(
            CancellationToken cancellationToken)
        {
            Assert.True(await MoveNextAsync(cancellationToken));
            var response = call.ResponseStream.Current;
            var type = ResourceType.Find(response.TypeUrl)!;
            return (type, response.Nonce, response.VersionInfo,
                Text(type, response.Resources.Select(resource => Names.Of(resource))));
        }

        public override void Dispose() => call.Dispose();
    }

    private sealed class DeltaFeed(AsyncDuplexStreamingCall<DeltaDiscoveryRequest, DeltaDiscoveryResponse> call) : Feed
    {
        internal override StatusCode Status => call.GetStatus().StatusCode;

        internal override Task<bool> MoveNextAsync(CancellationToken cancellationToken) =>
            call.ResponseStream.MoveNext(cancellationToken);

        protected override Task CompleteAsync() => call.RequestStream.CompleteAsync();

        protected override Task SendAsync(IMessage request) =>
            call.RequestStream.WriteAsync((DeltaDiscoveryRequest)request);

        internal override async Task<(ResourceType Type, string Nonce, string Version, string Text)> ReadAsync(
            CancellationToken cancellationToken)
        {
            Assert.True(await MoveNextAsync(cancellationToken));
            var response = call.ResponseStream.Current;
            var type = ResourceType.Find(response.TypeUrl)!;
            Assert.All(response.Resources, resource => Assert.Equal(Names.Of(resource.Resource_), resource.Name));
            return (type, response.Nonce, response.SystemVersionInfo,
                Text(type, response.Resources.Select(resource => resource.Name)
                    .Concat(response.RemovedResources.Select(name => "-" + name))));
        }

        public override void Dispose() => call.Dispose();
    }

    private static class Names
    {
        internal static string Of(Google.Protobuf.WellKnownTypes.Any any) => any.TypeUrl switch
        {
            var url when url == ResourceType.Cluster.TypeUrl => any.Unpack<EnvoyApi.Clusters.Cluster>().Name,
            var url when url == ResourceType.Endpoints.TypeUrl =>
                any.Unpack<EnvoyApi.Endpoints.ClusterLoadAssignment>().ClusterName,
            var url when url == ResourceType.Listener.TypeUrl => any.Unpack<EnvoyApi.Listeners.Listener>().Name,
            var url when url == ResourceType.Secret.TypeUrl => any.Unpack<EnvoyApi.TransportSockets.Secret>().Name,
            _ => any.Unpack<EnvoyApi.Routes.RouteConfiguration>().Name,
        };
    }
}
