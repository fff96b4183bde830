using System.Buffers;

namespace Fairlead.Xds.Streams;

/// <summary>A request as it came, in rented memory that goes back when it was read.</summary>
internal sealed class RequestBytes : IDisposable
{
    private readonly int _length;
    private byte[] _rented;

    /// <summary>Copies a request.</summary>
    public RequestBytes(in ReadOnlySequence<byte> bytes)
    {
        _length = checked((int)bytes.Length);
        _rented = ArrayPool<byte>.Shared.Rent(_length);
        bytes.CopyTo(_rented);
    }

    public ReadOnlySpan<byte> Bytes => _rented.AsSpan(0, _length);

    public void Dispose()
    {
        if (_rented.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_rented);
        }

        _rented = [];
    }
}
