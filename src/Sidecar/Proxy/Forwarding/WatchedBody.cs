namespace Fairlead.Sidecar.Proxy.Forwarding;

/// <summary>
/// A request's body of which it is known whether reading it has begun: then it cannot be sent a second time. The budget
/// stands still while it is read; for gRPC, whose responses may begin whenever the call has something to say, it ends
/// there, and the call's own deadline holds. Read by one reader.
/// </summary>
internal sealed class WatchedBody(Stream body, RequestBudget budget, bool isGrpc) : Stream
{
    /// <summary>Whether any of it was asked for.</summary>
    internal bool HasStarted { get; private set; }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (!HasStarted)
        {
            HasStarted = true;
            budget.Pause();
        }

        var read = await body.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        if (read == 0 && !buffer.IsEmpty && !isGrpc)
        {
            budget.Resume();
        }

        return read;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush() => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
