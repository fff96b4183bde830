namespace Fairlead.Sidecar.Proxy.Forwarding;

/// <summary>
/// A request's body of which it is known whether reading it has begun: then it cannot be sent a second time. The budget
/// stands still while the client is waited for, and what an endpoint took for a part is given back once it asks for the
/// next: one that takes the body at its own pace is not over it, one that takes nothing any more is. For gRPC, whose
/// responses may begin whenever the call has something to say, the budget ends with the first part, and the call's own
/// deadline holds. Read by one reader.
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
        else
        {
            budget.GiveBack();
        }

        var read = await body.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        if (!isGrpc)
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
