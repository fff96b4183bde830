using System.Collections.Concurrent;
using System.Text;
using Fairlead.Protocol.V1;
using Fairlead.Rpc;
using Google.Protobuf;

namespace Fairlead.Anchor.Tests.Hierarchy;

/// <summary>Everything that an anchor is asked, as text, by method; and an anchor that answers something else than it
/// would.</summary>
internal sealed class Overheard : ServerInterceptor
{
    private readonly ConcurrentQueue<(string Message, string Text)> _requests = new();
    private readonly ConcurrentQueue<IMessage> _messages = new();
    private int _altered;

    /// <summary>Whether the anchor introduces nobody any more, and does the rest of its work.</summary>
    internal bool IsWithholding { get; set; }

    /// <summary>Whose calls do not come here, as if there were no route; null for nobody's.</summary>
    internal IReadOnlyCollection<byte[]>? Unreachable { get; set; }

    /// <summary>Whose calls are never answered; null for nobody's.</summary>
    internal IReadOnlyCollection<byte[]>? Unheard { get; set; }

    /// <summary>What becomes of an introduction with the hops of others; null for nothing.</summary>
    internal Action<Answer>? Altering { get; set; }

    /// <summary>How many were altered.</summary>
    internal int Altered => Volatile.Read(ref _altered);

    internal IReadOnlyCollection<(string Message, string Text)> Requests => _requests;

    /// <summary>The same as messages, without what comes on streams.</summary>
    internal IReadOnlyCollection<IMessage> Messages => _messages;

    internal int CountOf(string message) => _requests.Count(request => request.Message == message);

    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        if (Unreachable?.Any(key => context.PeerKey.AsSpan().SequenceEqual(key)) == true)
        {
            throw new RpcException(new Status(StatusCode.Unavailable, "no route"));
        }

        await HearAsync(context);
        Note(request);
        if (IsWithholding && request is IntroduceRequest)
        {
            throw new RpcException(new Status(StatusCode.Unavailable, "withheld"));
        }

        var response = await continuation(request, context);
        if (response is IntroduceResponse { Answer.Hops.Count: > 1 } introduced && Altering is { } altering)
        {
            altering(introduced.Answer);
            Interlocked.Increment(ref _altered);
        }

        return response;
    }

    public override Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request,
        IServerStreamWriter<TResponse> responseStream,
        ServerCallContext context,
        ServerStreamingServerMethod<TRequest, TResponse> continuation)
    {
        Note(request);
        return continuation(request, responseStream, context);
    }

    public override async Task DuplexStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream,
        IServerStreamWriter<TResponse> responseStream,
        ServerCallContext context,
        DuplexStreamingServerMethod<TRequest, TResponse> continuation)
    {
        await HearAsync(context);
        _requests.Enqueue((typeof(TRequest).Name, "a stream"));
        await continuation(requestStream, responseStream, context);
    }

    private Task HearAsync(ServerCallContext context) =>
        Unheard?.Any(key => context.PeerKey.AsSpan().SequenceEqual(key)) == true
            ? Task.Delay(Timeout.Infinite, context.CancellationToken)
            : Task.CompletedTask;

    private void Note<TRequest>(TRequest request)
    {
        var message = request as IMessage;
        _requests.Enqueue(
            (typeof(TRequest).Name, message is null ? "" : Encoding.Latin1.GetString(message.ToByteArray())));
        if (message is not null)
        {
            _messages.Enqueue(message);
        }
    }
}
