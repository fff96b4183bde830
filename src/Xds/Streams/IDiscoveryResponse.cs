using System.Buffers;

namespace Fairlead.Xds.Streams;

/// <summary>A response of either variant, which writes itself. Immutable.</summary>
internal interface IDiscoveryResponse
{
    /// <summary>The type of its resources.</summary>
    string TypeUrl { get; }

    /// <summary>The version of what the client holds with it.</summary>
    string Version { get; }

    /// <summary>How many resources it brings.</summary>
    int Count { get; }

    /// <summary>The length in bytes.</summary>
    int Size { get; }

    /// <summary>Writes exactly <see cref="Size"/> bytes.</summary>
    void WriteTo(IBufferWriter<byte> output);
}
