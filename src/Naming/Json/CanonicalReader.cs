using System.Text;

namespace Fairlead.Naming;

/// <summary>
/// Reads the one JSON form of 4.0 from hostile bytes: ascending members, strings of 0x20-0x7E without quote and
/// backslash, integers 0 to 2^53 - 1, no white space, nothing empty. Work and depth are bounded; each failure is a
/// refusal.
/// </summary>
internal ref struct CanonicalReader
{
    private readonly ReadOnlySpan<byte> _bytes;
    private readonly int _longestString;
    private int _at;
    private Refusal? _refusal;

    private CanonicalReader(ReadOnlySpan<byte> bytes, int longestString)
    {
        _bytes = bytes;
        _longestString = longestString;
    }

    /// <summary>Parses one object that fills the bytes, or says why not.</summary>
    /// <param name="bytes">The payload; its size was checked before.</param>
    /// <param name="longestString">The longest string that the document's type may hold.</param>
    /// <param name="refusal"><c>TooLarge</c> or <c>NonCanonicalPayload</c>.</param>
    internal static JsonNode? Read(ReadOnlySpan<byte> bytes, int longestString, out Refusal? refusal)
    {
        var reader = new CanonicalReader(bytes, longestString);
        JsonNode? node = null;
        if (bytes.IsEmpty || bytes[0] != '{')
        {
            reader.Refuse("no object");
        }
        else
        {
            node = reader.Value(1);
            if (node is not null && reader._at != bytes.Length)
            {
                reader.Refuse("bytes after the object");
            }
        }

        refusal = reader._refusal;
        return refusal is null ? node : null;
    }

    private JsonNode? Value(int depth)
    {
        return Peek() switch
        {
            '{' or '[' when depth > Limits.Depth =>
                Refuse($"deeper than {Limits.Depth} levels", VerificationFailure.TooLarge),
            '{' => Object(depth),
            '[' => List(depth),
            '"' => String(_longestString) is { } text ? new JsonNode { Kind = JsonKind.String, Text = text } : null,
            >= '0' and <= '9' => Integer(),
            _ => Refuse("neither object, list, string nor integer"),
        };
    }

    private JsonNode? Object(int depth)
    {
        var members = new List<KeyValuePair<string, JsonNode>>();
        _at++;
        do
        {
            if (members.Count == Limits.ListItems)
            {
                return Refuse($"more than {Limits.ListItems} members", VerificationFailure.TooLarge);
            }

            if (Name(depth) is not { } name || !Take(':'))
            {
                return null;
            }

            if (members.Count > 0 && string.CompareOrdinal(members[^1].Key, name) >= 0)
            {
                return Refuse($"member {name} does not ascend");
            }

            if (Value(depth + 1) is not { } value)
            {
                return null;
            }

            members.Add(new(name, value));
        }
        while (TryTake(','));
        return Take('}') ? new JsonNode { Kind = JsonKind.Object, Members = members } : null;
    }

    private JsonNode? List(int depth)
    {
        var items = new List<JsonNode>();
        _at++;
        do
        {
            if (items.Count == Limits.ListItems)
            {
                return Refuse($"more than {Limits.ListItems} elements", VerificationFailure.TooLarge);
            }

            if (Value(depth + 1) is not { } item)
            {
                return null;
            }

            items.Add(item);
        }
        while (TryTake(','));
        return Take(']') ? new JsonNode { Kind = JsonKind.List, Items = items } : null;
    }

    // The names of a document's own members are plain; those of `ext` (depth 2 and below) may be any text.
    private string? Name(int depth)
    {
        if (Peek() != '"')
        {
            Refuse("no member name");
            return null;
        }

        var name = String(Limits.StringBytes);
        foreach (var c in depth == 1 && name is not null ? name : "")
        {
            if (c is not ((>= 'a' and <= 'z') or (>= '0' and <= '9') or '_'))
            {
                Refuse("a member name is a-z, 0-9 and _");
                return null;
            }
        }

        return name;
    }

    private string? String(int longest)
    {
        var start = ++_at;
        while (Peek() is >= 0x20 and <= 0x7E and not '"' and not '\\')
        {
            _at++;
        }

        var length = _at - start;
        if (!Take('"'))
        {
            return null;
        }

        if (length == 0 || length > longest)
        {
            Refuse($"a string of {length} bytes");
            return null;
        }

        return Encoding.ASCII.GetString(_bytes.Slice(start, length));
    }

    private JsonNode? Integer()
    {
        var start = _at;
        long value = 0;
        while (Peek() is >= '0' and <= '9')
        {
            value = (value * 10) + (_bytes[_at++] - '0');
            if (value > Limits.IntegerMax)
            {
                return Refuse("an integer above 2^53 - 1");
            }
        }

        return _bytes[start] == '0' && _at - start > 1
            ? Refuse("a leading zero")
            : new JsonNode { Kind = JsonKind.Integer, Integer = value };
    }

    private readonly int Peek() => _at < _bytes.Length ? _bytes[_at] : -1;

    private bool TryTake(char wanted)
    {
        if (Peek() != wanted)
        {
            return false;
        }

        _at++;
        return true;
    }

    private bool Take(char wanted)
    {
        if (TryTake(wanted))
        {
            return true;
        }

        Refuse($"expected {wanted}");
        return false;
    }

    private JsonNode? Refuse(string detail, VerificationFailure failure = VerificationFailure.NonCanonicalPayload)
    {
        _refusal ??= new Refusal(failure, "", $"{detail} (byte {_at})");
        return null;
    }
}
