using Fairlead.Protocol.V1;
using Fairlead.Rpc;

namespace Fairlead.Anchor.Tests.Cluster;

/// <summary>
/// What some anchors tell one caller: the first word that any of them gave it about each name, for ever. It was true
/// once, and every signature on it is. Thread-safe.
/// </summary>
/// <param name="caller">The key of the caller's connection.</param>
internal sealed class FrozenWord(byte[] caller) : ServerInterceptor
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Answer> _first = new(StringComparer.Ordinal);
    private int _told;

    /// <summary>How often an old word was given for a newer one.</summary>
    internal int Told => Volatile.Read(ref _told);

    public override Task DuplexStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream,
        IServerStreamWriter<TResponse> responseStream,
        ServerCallContext context,
        DuplexStreamingServerMethod<TRequest, TResponse> continuation) => continuation(
        requestStream,
        context.PeerKey.AsSpan().SequenceEqual(caller) ? new Writer<TResponse>(responseStream, this) : responseStream,
        context);

    private SubscribeResponse Freeze(SubscribeResponse response)
    {
        if (response.KindCase != SubscribeResponse.KindOneofCase.Update)
        {
            return response;
        }

        var copy = response.Clone();
        lock (_gate)
        {
            var name = copy.Update.Answer.Query.ToBase64();
            if (!_first.TryGetValue(name, out var first))
            {
                _first[name] = copy.Update.Answer.Clone();
                return copy;
            }

            Interlocked.Increment(ref _told);
            copy.Update.Answer = first.Clone();
        }

        return copy;
    }

    private sealed class Writer<T>(IServerStreamWriter<T> inner, FrozenWord word) : IServerStreamWriter<T>
    {
        public WriteOptions? WriteOptions
        {
            get => inner.WriteOptions;
            set => inner.WriteOptions = value;
        }

        public Task WriteAsync(T message) => inner.WriteAsync(Told(message));

        public Task WriteAsync(T message, CancellationToken cancellationToken) =>
            inner.WriteAsync(Told(message), cancellationToken);

        private T Told(T message) =>
            message is SubscribeResponse response ? (T)(object)word.Freeze(response) : message;
    }
}
