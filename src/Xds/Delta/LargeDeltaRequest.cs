using System.Buffers;
using System.Text;
using Fairlead.Rpc;

namespace Fairlead.Xds.Delta;

/// <summary>
/// Reads a delta request that is larger than any is taken in whole, as it comes. An Envoy that comes back names all
/// clusters that it was ever asked for, those too that it was told are gone, and says the same until it is answered:
/// of the names that it does not hold those beyond a bound are left out, which it asks for again when they are wanted.
/// Not safe for concurrent use.
/// </summary>
/// <remarks>
/// <para>What it holds is kept: there is no more of that than was sent. Where names were left out it asks for all
/// that it holds, else for some of that no more; not where it asks for everything.</para>
/// <para>That is of clusters. A client asks once for other types, because it was given what names them: of these eight
/// times as much is taken, and beyond that the request is refused, since nobody would hear of a name that was left
/// out.</para>
/// </remarks>
/// <param name="limits">How long names may be, one by one and together.</param>
/// <param name="told">Hears how many names were left out, and how many bytes the request had.</param>
/// <param name="only">The type of a request that does not say it; null for none.</param>
internal sealed class LargeDeltaRequest(XdsLimits limits, Action<int, long> told, ResourceType? only = null)
    : LargeMessage
{
    private const int TypeUrl = 2;
    private const int Subscribe = 3;
    private const int Unsubscribe = 4;
    private const int Versions = 5;
    private const int LengthDelimited = 2;
    private const byte KeyTag = 0x0A;
    private const byte SubscribeTag = 0x1A;

    // A node is 61 kB at the most that was seen, and an Envoy cuts its words of a refusal.
    private const int OthersMax = 1 << 18;

    // How much more is taken of types of which nothing can be left out.
    private const int WholeFactor = 8;

    // A version and the framing of an entry.
    private const int VersionBytes = 48;

    // What a field costs that has nothing in it.
    private const int FieldBytes = 32;

    private static readonly byte[] ClusterUrl = Encoding.UTF8.GetBytes(ResourceType.Cluster.TypeUrl);

    private readonly ArrayBufferWriter<byte> _kept = new();
    private readonly List<byte[]> _held = [];
    private long _bytes;
    private int _leftOut;
    private bool _isOfClusters = only == ResourceType.Cluster;
    private bool _isOfOthers = only is not null && only != ResourceType.Cluster;
    private bool _isNaming;
    private bool _isOfEverything;
    private long _names;
    private long _versions;
    private long _others;

    // What is being read: a varint, of which there are two for each field, and then the field's bytes.
    private ulong _varint;
    private int _shift;
    private int _tag = -1;
    private long _left;
    private byte[]? _field;
    private int _filled;

    public override void Take(ReadOnlySpan<byte> bytes)
    {
        _bytes += bytes.Length;
        while (!bytes.IsEmpty)
        {
            if (_left > 0)
            {
                var count = (int)Math.Min(_left, bytes.Length);
                TakeField(bytes[..count]);
                bytes = bytes[count..];
                continue;
            }

            TakeVarint(bytes[0]);
            bytes = bytes[1..];
        }
    }

    public override ReadOnlyMemory<byte> End()
    {
        if (_left > 0 || _tag >= 0 || _shift > 0)
        {
            throw Bad("ends within a field");
        }

        foreach (var name in _leftOut > 0 && _isNaming && !_isOfEverything ? _held : [])
        {
            Write(SubscribeTag, name);
        }

        told(_leftOut, _bytes);
        return _kept.WrittenMemory;
    }

    private static RpcException Bad(string how) =>
        new(new Status(StatusCode.Internal, "BadMessage: the request " + how));

    private void TakeVarint(byte next)
    {
        if (_shift > 28)
        {
            throw Bad("has a field that is none");
        }

        _varint |= (ulong)(next & 0x7F) << _shift;
        _shift += 7;
        if (next >= 0x80)
        {
            return;
        }

        var value = (long)_varint;
        (_varint, _shift) = (0, 0);
        if (_tag >= 0)
        {
            Begin(value);
        }
        else if ((value & 7) != LengthDelimited || value >= 0x80)
        {
            throw Bad("has a field that no such request has");
        }
        else
        {
            _tag = (int)value;
        }
    }

    private void Begin(long length)
    {
        _left = length;
        _field = Keeps(_tag >> 3, length) ? new byte[length] : null;
        _filled = 0;
        if (length == 0)
        {
            Finish();
        }
    }

    private bool Keeps(int field, long length)
    {
        var most = ((2L * limits.NameBytesMax) + (2L * FieldBytes * limits.NamesMax))
            * (_isOfClusters ? 1 : WholeFactor);
        var cost = length + FieldBytes;
        switch (field)
        {
            case Subscribe or Unsubscribe when length <= limits.NameLengthMax && _names + cost <= most:
                _names += cost;
                return true;
            case Versions when length <= limits.NameLengthMax + VersionBytes
                && _versions + cost <= most + (2L * VersionBytes * limits.NamesMax):
                _versions += cost;
                return true;
            case Subscribe or Unsubscribe or Versions when _isOfClusters:
                _leftOut++;
                return false;
            case Subscribe or Unsubscribe or Versions:
                throw new RpcException(new Status(
                    StatusCode.ResourceExhausted, $"TooManyNames: of this type {most} bytes of names are taken"));
            default:
                return (_others += cost) <= OthersMax
                    ? true
                    : throw new RpcException(new Status(
                        StatusCode.ResourceExhausted, $"a request has more than {OthersMax} bytes beside its names"));
        }
    }

    private void TakeField(ReadOnlySpan<byte> bytes)
    {
        if (_field is { } field)
        {
            bytes.CopyTo(field.AsSpan(_filled));
            _filled += bytes.Length;
        }

        _left -= bytes.Length;
        if (_left == 0)
        {
            Finish();
        }
    }

    private void Finish()
    {
        if (_field is { } field)
        {
            Write((byte)_tag, field);
            if (_tag == SubscribeTag)
            {
                _isNaming = true;
                _isOfEverything |= field is [(byte)'*'];
            }
            else if (_tag >> 3 == TypeUrl)
            {
                _isOfClusters = field.AsSpan().SequenceEqual(ClusterUrl);
                _isOfOthers = !_isOfClusters;
                _held.RemoveAll(_ => _isOfOthers);
            }
            else if (_tag >> 3 == Versions && !_isOfOthers && KeyOf(field) is { } key)
            {
                _held.Add(key);
            }
        }

        (_tag, _field) = (-1, null);
    }

    // The entry of a map: its key as a rule comes first, and has a length of one byte or two.
    private static byte[]? KeyOf(ReadOnlySpan<byte> entry)
    {
        if (entry.Length < 3 || entry[0] != KeyTag)
        {
            return null;
        }

        var isShort = entry[1] < 0x80;
        var length = isShort ? entry[1] : (entry[1] & 0x7F) | (entry[2] << 7);
        var key = entry[(isShort ? 2 : 3)..];
        return length <= key.Length ? key[..length].ToArray() : null;
    }

    private void Write(byte tag, ReadOnlySpan<byte> field)
    {
        var span = _kept.GetSpan(field.Length + 6);
        var at = 0;
        span[at++] = tag;
        var length = (uint)field.Length;
        for (; length >= 0x80; length >>= 7)
        {
            span[at++] = (byte)(length | 0x80);
        }

        span[at++] = (byte)length;
        field.CopyTo(span[at..]);
        _kept.Advance(at + field.Length);
    }
}
