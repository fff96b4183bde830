namespace Fairlead.Rpc;

/// <summary>What the calls of a channel share. Thread-safe.</summary>
internal sealed class ChannelCore(
    Uri address, HttpMessageInvoker invoker, RpcChannelOptions options, CancellationToken closing)
{
    public Uri Address => address;

    public HttpMessageInvoker Invoker => invoker;

    public RpcChannelOptions Options => options;

    public CancellationToken Closing => closing;

    public HttpRequestMessage CreateRequest(
        string path,
        string? host,
        Metadata? headers,
        TimeSpan? timeout,
        Func<Stream, CancellationToken, Task> push)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(address, path))
        {
            Version = System.Net.HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new PushContent(push),
        };
        var target = request.Headers;
        target.Host = host ?? options.Authority;
        target.TryAddWithoutValidation("te", "trailers");
        target.TryAddWithoutValidation("user-agent", "grpc-fairlead");
        target.TryAddWithoutValidation("grpc-accept-encoding", "identity,gzip");
        if (timeout > TimeSpan.Zero)
        {
            target.TryAddWithoutValidation("grpc-timeout", GrpcTimeout.Format(timeout.Value));
        }

        foreach (var entry in headers ?? Metadata.Empty)
        {
            if (MetadataHeaders.IsCustom(entry.Key))
            {
                target.TryAddWithoutValidation(entry.Key, MetadataHeaders.Format(entry));
            }
        }

        return request;
    }
}
