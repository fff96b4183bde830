using Fairlead.Protocol.V1;
using Fairlead.Rpc;

namespace Fairlead.Liar;

/// <summary>A stream of responses that passes through the lie.</summary>
internal sealed class LyingWriter<T>(IServerStreamWriter<T> inner, LyingInterceptor liar) : IServerStreamWriter<T>
{
    public WriteOptions? WriteOptions
    {
        get => inner.WriteOptions;
        set => inner.WriteOptions = value;
    }

    public Task WriteAsync(T message) => IsWithheld(message) ? Task.CompletedTask : inner.WriteAsync(Told(message));

    public Task WriteAsync(T message, CancellationToken cancellationToken) =>
        IsWithheld(message) ? Task.CompletedTask : inner.WriteAsync(Told(message), cancellationToken);

    private bool IsWithheld(T message) =>
        message is SubscribeResponse response && liar.IsWithheld(response.Update?.Answer);

    private T Told(T message) => message is SubscribeResponse response ? (T)(object)liar.Told(response) : message;
}
