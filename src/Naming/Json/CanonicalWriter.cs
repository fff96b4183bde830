using System.Buffers;
using System.Buffers.Text;
using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace Fairlead.Naming;

/// <summary>
/// Writes the one JSON form of 4.0. Members must come ascending and nothing may be empty: a violation is a bug of a
/// document type and throws. Absent values are left out. Not thread-safe.
/// </summary>
public sealed class CanonicalWriter
{
    private readonly ArrayBufferWriter<byte> _bytes = new(512);
    private string? _last;

    internal ReadOnlySpan<byte> Written => _bytes.WrittenSpan;

    /// <summary>The bytes of the object that <paramref name="members"/> writes.</summary>
    public static byte[] Encode<T>(T value, Action<CanonicalWriter, T> members)
    {
        var writer = new CanonicalWriter();
        writer.WriteObject(value, members);
        return writer._bytes.WrittenSpan.ToArray();
    }

    internal void WriteObject<T>(T value, Action<CanonicalWriter, T> members)
    {
        ArgumentNullException.ThrowIfNull(members);
        var outer = _last;
        _last = null;
        Raw('{');
        members(this, value);
        if (_last is null)
        {
            throw new InvalidOperationException("an empty object is never written");
        }

        Raw('}');
        _last = outer;
    }

    /// <summary>An integer; null is left out.</summary>
    public void Member(string name, long? value)
    {
        if (value is { } integer)
        {
            Name(name);
            WriteInteger(integer);
        }
    }

    /// <summary>A string; null is left out.</summary>
    public void Member(string name, string? value)
    {
        if (value is not null)
        {
            Name(name);
            WriteText(value);
        }
    }

    /// <summary>A digest in hex; null is left out.</summary>
    public void Member(string name, Digest? value) => Member(name, value?.ToString());

    /// <summary>A 16 byte value in hex; null is left out.</summary>
    public void Member(string name, Hex16? value) => Member(name, value?.ToString());

    /// <summary>A key's text; null is left out.</summary>
    public void Member(string name, PublicKey? value) => Member(name, value?.Text);

    /// <summary>A full name.</summary>
    public void Member(string name, FullName? value) => Member(name, value?.Text);

    /// <summary>A segment's name.</summary>
    public void Member(string name, SegmentName? value) => Member(name, value?.Text);

    /// <summary>A service part.</summary>
    public void Member(string name, ServicePart? value) => Member(name, value?.Text);

    /// <summary>A pattern.</summary>
    public void Member(string name, NamePattern? value) => Member(name, value?.Text);

    /// <summary>A link point.</summary>
    public void Member(string name, LinkPoint? value) => Member(name, value?.Text);

    /// <summary>A floor.</summary>
    public void Floor(string name, Floor value)
    {
        Name(name);
        WriteObject(value, static (writer, floor) =>
        {
            writer.Member("digest", floor.Digest);
            writer.Member("epoch", floor.Epoch);
        });
    }

    /// <summary>An object; null is left out.</summary>
    public void Object<T>(string name, T? value, Action<CanonicalWriter, T> members)
        where T : class
    {
        if (value is not null)
        {
            Name(name);
            WriteObject(value, members);
        }
    }

    /// <summary>A list; an empty one is left out.</summary>
    public void List<T>(string name, IReadOnlyCollection<T> values, Action<CanonicalWriter, T> element)
    {
        ArgumentNullException.ThrowIfNull(values);
        ArgumentNullException.ThrowIfNull(element);
        if (values.Count == 0)
        {
            return;
        }

        Name(name);
        Raw('[');
        var first = true;
        foreach (var value in values)
        {
            if (!first)
            {
                Raw(',');
            }

            first = false;
            element(this, value);
        }

        Raw(']');
    }

    /// <summary>A list of objects; an empty one is left out.</summary>
    public void Objects<T>(string name, ImmutableArray<T> values, Action<CanonicalWriter, T> members) =>
        List(name, values, (writer, value) => writer.WriteObject(value, members));

    /// <summary>A list of strings, each written by its own text; an empty one is left out.</summary>
    public void Texts<T>(string name, ImmutableArray<T> values)
        where T : notnull =>
        List(name, values, static (writer, value) => writer.WriteText(value.ToString()!));

    /// <summary>A list of integers; an empty one is left out.</summary>
    public void Integers(string name, ImmutableArray<int> values) =>
        List(name, values, static (writer, value) => writer.WriteInteger(value));

    /// <summary>The extensions; none are left out.</summary>
    public void Extensions(string name, ImmutableSortedDictionary<string, string> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        if (values.Count > 0)
        {
            Name(name);
            WriteObject(values, static (writer, all) =>
            {
                foreach (var (key, value) in all)
                {
                    writer.Member(key, value);
                }
            });
        }
    }

    /// <summary>Whether a text can stand in a document: 0x20-0x7E without quote and backslash, and not empty.</summary>
    public static bool IsText(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.Length > 0 && !text.AsSpan().ContainsAnyExceptInRange(' ', '~')
            && !text.AsSpan().ContainsAny('"', '\\');
    }

    internal void WriteInteger(long value)
    {
        if (value is < 0 or > Limits.IntegerMax)
        {
            throw new InvalidOperationException(
                string.Create(CultureInfo.InvariantCulture, $"{value} is no integer of a document"));
        }

        var span = _bytes.GetSpan(20);
        Utf8Formatter.TryFormat(value, span, out var written);
        _bytes.Advance(written);
    }

    internal void WriteText(string text)
    {
        if (!IsText(text))
        {
            throw new InvalidOperationException("a string of a document is 0x20-0x7E without quote and backslash");
        }

        Raw('"');
        Encoding.ASCII.GetBytes(text, _bytes.GetSpan(text.Length));
        _bytes.Advance(text.Length);
        Raw('"');
    }

    private void Name(string name)
    {
        if (_last is not null)
        {
            if (string.CompareOrdinal(_last, name) >= 0)
            {
                throw new InvalidOperationException($"member {name} does not come after {_last}");
            }

            Raw(',');
        }

        WriteText(name);
        Raw(':');
        _last = name;
    }

    private void Raw(char c)
    {
        _bytes.GetSpan(1)[0] = (byte)c;
        _bytes.Advance(1);
    }
}
