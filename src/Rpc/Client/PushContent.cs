using System.Net;
using System.Net.Http.Headers;

namespace Fairlead.Rpc;

/// <summary>A request body that is written by the call while the response may already come.</summary>
internal sealed class PushContent : HttpContent
{
    private readonly Func<Stream, CancellationToken, Task> _push;

    public PushContent(Func<Stream, CancellationToken, Task> push)
    {
        _push = push;
        Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        _push(stream, CancellationToken.None);

    protected override Task SerializeToStreamAsync(
        Stream stream, TransportContext? context, CancellationToken cancellationToken) =>
        _push(stream, cancellationToken);

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
