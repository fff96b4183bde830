namespace Fairlead.Rpc;

/// <summary>
/// The request side of a call: a body that stays open until it is completed. The request headers leave at once, and no
/// write waits for the response: C-core sends its headers only with its first message.
/// </summary>
internal sealed class RequestStream<T>(Marshaller<T> marshaller, int bytesMax, ICallState call) : IClientStreamWriter<T>
    where T : class
{
    private readonly TaskCompletionSource<Stream> _stream = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _complete = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly PooledBuffer _buffer = new();
    private MessageWriter? _writer;
    private int _writing;

    public WriteOptions? WriteOptions { get; set; }

    public Task WriteAsync(T message) => WriteAsync(message, CancellationToken.None);

    public async Task WriteAsync(T message, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(message);
        if (_complete.Task.IsCompleted)
        {
            throw (Exception?)call.Ended ?? new InvalidOperationException("The request stream is complete.");
        }

        if (Interlocked.Exchange(ref _writing, 1) != 0)
        {
            throw new InvalidOperationException("The last write has not ended.");
        }

        using var registration = cancellationToken.UnsafeRegister(static state => ((ICallState)state!).Cancel(), call);
        try
        {
            _writer ??= new MessageWriter(_buffer, bytesMax);
            _writer.Write(marshaller, message);
            var stream = await _stream.Task.WaitAsync(call.Token).ConfigureAwait(false);
            await stream.WriteAsync(_buffer.Written, call.Token).ConfigureAwait(false);
            if (WriteOptions is null || !WriteOptions.Flags.HasFlag(WriteFlags.BufferHint))
            {
                await stream.FlushAsync(call.Token).ConfigureAwait(false);
            }
        }
        catch (Exception exception) when (exception is not RpcException)
        {
            throw call.Ended ?? call.Describe(exception);
        }
        finally
        {
            _buffer.Release();
            Volatile.Write(ref _writing, 0);
        }
    }

    public Task CompleteAsync()
    {
        _complete.TrySetResult();
        return Task.CompletedTask;
    }

    /// <summary>The body: open until completed, or until the call ends.</summary>
    public async Task PushAsync(Stream stream, CancellationToken cancellationToken)
    {
        await stream.FlushAsync(cancellationToken).ConfigureAwait(false);
        _stream.TrySetResult(stream);
        await _complete.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
    }
}
