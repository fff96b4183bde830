using Fairlead.Xds.Sotw;

namespace Fairlead.Xds.Streams;

/// <summary>
/// Takes the node out of a request that repeats it: an Envoy says in each of some 50 kB who it is, acknowledgements
/// included, and is asked once a stream. Stateless.
/// </summary>
internal static class NodeField
{
    /// <summary>The request without its node, where that is one of the first two fields and has a length.</summary>
    public static ReadOnlySpan<byte> Without(ReadOnlySpan<byte> request, byte nodeTag)
    {
        var rest = request;
        for (var i = 0; i < 2; i++)
        {
            var before = request.Length - rest.Length;
            if (!WireReader.TryTake(ref rest, out var tag, out _))
            {
                break;
            }

            if (tag == nodeTag)
            {
                return before == 0 ? rest : (byte[])[.. request[..before], .. rest];
            }
        }

        return request;
    }
}
