using Fairlead.Protocol.V1;
using Fairlead.Rpc;

namespace Fairlead.Liar;

/// <summary>Lets every answer of the real anchor's service pass through the lie. Thread-safe.</summary>
internal sealed class LyingInterceptor(Lie lie) : ServerInterceptor
{
    private bool _isArmed;

    /// <summary>Whether it lies yet; before, the liar itself needs the truth.</summary>
    internal bool IsArmed
    {
        get => Volatile.Read(ref _isArmed);
        set => Volatile.Write(ref _isArmed, value);
    }

    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        var response = await continuation(request, context);
        if (response is ResolveResponse whole && IsWithheld(whole.Answer))
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.CancellationToken);
        }

        return IsArmed && response is ResolveResponse resolved
            ? (TResponse)(object)new ResolveResponse { Answer = Told(resolved.Answer) }
            : response;
    }

    public override Task DuplexStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream,
        IServerStreamWriter<TResponse> responseStream,
        ServerCallContext context,
        DuplexStreamingServerMethod<TRequest, TResponse> continuation) =>
        continuation(requestStream, new LyingWriter<TResponse>(responseStream, this), context);

    /// <summary>Begins to lie, or ends.</summary>
    internal void Turn()
    {
        lie.Turn();
        IsArmed = !IsArmed;
    }

    /// <summary>Whether a message is not to leave.</summary>
    /// <param name="answer">The answer in it; null for none.</param>
    internal bool IsWithheld(Answer? answer) => IsArmed && lie.Withholds(answer);

    internal SubscribeResponse Told(SubscribeResponse response)
    {
        if (!IsArmed || response.KindCase != SubscribeResponse.KindOneofCase.Update)
        {
            return response;
        }

        var copy = response.Clone();
        copy.Update.Answer = Told(response.Update.Answer);
        return copy;
    }

    private Answer Told(Answer truth)
    {
        var copy = truth.Clone();
        lie.Tell(copy);
        return copy;
    }
}
