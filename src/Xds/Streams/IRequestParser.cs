namespace Fairlead.Xds.Streams;

/// <summary>Reads the requests of one stream, which may know those before. Not safe for concurrent use.</summary>
internal interface IRequestParser<TRequest>
    where TRequest : class
{
    /// <summary>Reads one request; keeps nothing of the bytes.</summary>
    /// <exception cref="Google.Protobuf.InvalidProtocolBufferException">They are none.</exception>
    TRequest Parse(ReadOnlySpan<byte> bytes);
}
