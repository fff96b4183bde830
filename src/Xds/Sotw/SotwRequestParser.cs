using System.Text;
using Fairlead.EnvoyApi.Discovery;
using Fairlead.Xds.Streams;
using Google.Protobuf;

namespace Fairlead.Xds.Sotw;

/// <summary>
/// Reads the requests of a state-of-the-world stream. Each acknowledgement repeats the full list of names: where it is
/// the list before, none of it is made anew; of a type that is not served it is not remembered. Of the node the first
/// request's alone is read. Not safe for concurrent use.
/// </summary>
internal sealed class SotwRequestParser : IRequestParser<SotwRequest>
{
    private const byte VersionTag = 0x0A;
    private const byte NodeTag = 0x12;
    private const byte NamesTag = 0x1A;
    private const byte TypeUrlTag = 0x22;
    private const byte NonceTag = 0x2A;

    // One list for each type that is served, and for a stream of one type that does not say which.
    private const int ListsMax = 5;

    private static readonly MessageParser<DiscoveryRequest> Parser =
        DiscoveryRequest.Parser.WithDiscardUnknownFields(true);

    private readonly List<(string TypeUrl, NameList Names)> _lists = new(1);
    private bool _isOpen;

    public SotwRequest Parse(ReadOnlySpan<byte> bytes)
    {
        if (Repeated(bytes) is { } repeated)
        {
            return repeated;
        }

        var message = Parser.ParseFrom(_isOpen ? NodeField.Without(bytes, NodeTag) : bytes);
        _isOpen = true;
        var names = new NameList(message.ResourceNames);
        Remember(message.TypeUrl, names);
        return new SotwRequest(
            message.TypeUrl, names, message.ResponseNonce, message.VersionInfo, message.Node, message.ErrorDetail);
    }

    private void Remember(string typeUrl, NameList names)
    {
        _lists.RemoveAll(one => one.TypeUrl == typeUrl);
        if (_lists.Count < ListsMax && (typeUrl.Length == 0 || ResourceType.Find(typeUrl) is not null))
        {
            _lists.Add((typeUrl, names));
        }
    }

    /// <summary>The request where it refuses nothing and has the names of the one before; else null.</summary>
    private SotwRequest? Repeated(ReadOnlySpan<byte> bytes)
    {
        if (_lists.Count == 0)
        {
            return null;
        }

        ReadOnlySpan<byte> typeUrl = [], nonce = [];
        var (start, end) = (0, 0);
        var rest = bytes;
        while (!rest.IsEmpty)
        {
            var at = bytes.Length - rest.Length;
            if (!WireReader.TryTake(ref rest, out var tag, out var value))
            {
                return null;
            }

            switch (tag)
            {
                case NamesTag when end == 0 || end == at:
                    (start, end) = (end == 0 ? at : start, bytes.Length - rest.Length);
                    break;
                case TypeUrlTag:
                    typeUrl = value;
                    break;
                case NonceTag:
                    nonce = value;
                    break;
                case VersionTag or NodeTag:
                    break;
                default:
                    return null;
            }
        }

        foreach (var (known, names) in _lists)
        {
            if (Ascii.Equals(typeUrl, known))
            {
                return names.IsIn(bytes[start..end])
                    ? new SotwRequest(known, names, Encoding.UTF8.GetString(nonce))
                    : null;
            }
        }

        return null;
    }
}
