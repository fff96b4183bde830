using Fairlead.Protocol.V1;
using Fairlead.Rpc;

namespace Fairlead.Anchor.Tests.Cluster;

/// <summary>
/// What some anchors tell one caller, on its streams and beside them: the first word that any of them gave it about
/// each name, for as long as they are told to. It was true once, and every signature on it is. Thread-safe.
/// </summary>
internal sealed class FrozenWord
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Answer> _first = new(StringComparer.Ordinal);
    private volatile Func<int, bool> _isGivenBy = static _ => true;
    private int _told;

    /// <summary>The key of the caller's connection; null for nobody until it is set, once.</summary>
    internal byte[]? Caller { get; set; }

    /// <summary>How often an old word was given for a newer one.</summary>
    internal int Told => Volatile.Read(ref _told);

    /// <summary>Which anchors give it, by their index; all of them at first.</summary>
    internal Func<int, bool> IsGivenBy
    {
        get => _isGivenBy;
        set => _isGivenBy = value;
    }

    /// <summary>Stands before the anchor of an index.</summary>
    internal ServerInterceptor At(int anchor) => new Mouth(this, anchor);

    private Answer Freeze(Answer answer, int anchor)
    {
        if (!IsGivenBy(anchor))
        {
            return answer;
        }

        lock (_gate)
        {
            var name = answer.Query.ToBase64();
            if (!_first.TryGetValue(name, out var first))
            {
                _first[name] = answer.Clone();
                return answer;
            }

            if (!first.Equals(answer))
            {
                Interlocked.Increment(ref _told);
            }

            return first.Clone();
        }
    }

    private sealed class Mouth(FrozenWord word, int anchor) : ServerInterceptor
    {
        public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
            TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
        {
            var response = await continuation(request, context);
            if (response is ResolveResponse resolved && IsCaller(context))
            {
                resolved.Answer = word.Freeze(resolved.Answer, anchor);
            }

            return response;
        }

        public override Task DuplexStreamingServerHandler<TRequest, TResponse>(
            IAsyncStreamReader<TRequest> requestStream,
            IServerStreamWriter<TResponse> responseStream,
            ServerCallContext context,
            DuplexStreamingServerMethod<TRequest, TResponse> continuation) => continuation(
            requestStream,
            IsCaller(context)
                ? new Writer<TResponse>(responseStream, word, anchor)
                : responseStream,
            context);

        // An unknown caller has no key either: it is not to be taken for nobody.
        private bool IsCaller(ServerCallContext context) =>
            word.Caller is { } caller && context.PeerKey.AsSpan().SequenceEqual(caller);
    }

    private sealed class Writer<T>(IServerStreamWriter<T> inner, FrozenWord word, int anchor) : IServerStreamWriter<T>
    {
        public WriteOptions? WriteOptions
        {
            get => inner.WriteOptions;
            set => inner.WriteOptions = value;
        }

        public Task WriteAsync(T message) => inner.WriteAsync(Told(message));

        public Task WriteAsync(T message, CancellationToken cancellationToken) =>
            inner.WriteAsync(Told(message), cancellationToken);

        private T Told(T message)
        {
            if (message is not SubscribeResponse { Update: { } } response)
            {
                return message;
            }

            var copy = response.Clone();
            copy.Update.Answer = word.Freeze(copy.Update.Answer, anchor);
            return (T)(object)copy;
        }
    }
}
