using System.Collections.Concurrent;
using Fairlead.Naming;
using Fairlead.Protocol.V1;
using Fairlead.Rpc;
using Query = Fairlead.Naming.Query;

namespace Fairlead.Anchor.Tests.Cluster;

/// <summary>Who asks some anchors, and for what: on streams, and beside them. Thread-safe.</summary>
internal sealed class HeardQuestions : ServerInterceptor
{
    /// <summary>Whom the questions are for, each as it was heard.</summary>
    internal ConcurrentQueue<Digest?> Subjects { get; } = new();

    /// <summary>What is asked for.</summary>
    internal ConcurrentQueue<string> Names { get; } = new();

    public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        Hear(request as ResolveRequest);
        return continuation(request, context);
    }

    public override Task DuplexStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream,
        IServerStreamWriter<TResponse> responseStream,
        ServerCallContext context,
        DuplexStreamingServerMethod<TRequest, TResponse> continuation) =>
        continuation(new Reader<TRequest>(this, requestStream), responseStream, context);

    private void Hear(ResolveRequest? request)
    {
        if (request is not null && Document.TryParse<Query>(request.Query.Memory, out var query, out _))
        {
            Subjects.Enqueue(query.Value.Subject);
            Names.Enqueue(query.Value.Name.Text);
        }
    }

    private sealed class Reader<T>(HeardQuestions heard, IAsyncStreamReader<T> inner) : IAsyncStreamReader<T>
    {
        public T Current => inner.Current;

        public async Task<bool> MoveNext(CancellationToken cancellationToken)
        {
            var isThere = await inner.MoveNext(cancellationToken);
            if (isThere && (object?)inner.Current is SubscribeRequest request)
            {
                heard.Hear(request.Open?.Request);
            }

            return isThere;
        }
    }
}
