using System.Globalization;
using System.Text;

namespace Fairlead.Configuration.Yaml;

/// <summary>Writes nodes as YAML that every reader takes the same way: block style, two spaces, quotes wherever a
/// text could be taken for anything else. What it writes, <see cref="YamlReader"/> reads back. Thread-safe.</summary>
public static class YamlWriter
{
    /// <summary>Words that some version of YAML takes for a truth value or for nothing.</summary>
    private static readonly HashSet<string> Words = new(StringComparer.OrdinalIgnoreCase)
    {
        "true", "false", "yes", "no", "on", "off", "y", "n", "null", "nan", "inf",
    };

    /// <summary>One document, with a line feed at its end.</summary>
    public static string Write(YamlNode document)
    {
        var text = new StringBuilder();
        Write(text, document, 0, afterDash: true);
        return text.ToString();
    }

    private static void Write(StringBuilder text, YamlNode node, int indent, bool afterDash)
    {
        switch (node)
        {
            case YamlMapping { Entries.Count: > 0 } mapping:
                WriteMapping(text, mapping, indent, afterDash);
                break;
            case YamlSequence { Items.Count: > 0 } sequence:
                foreach (var item in sequence.Items)
                {
                    Indent(text, indent, ref afterDash).Append("- ");
                    Write(text, item, indent + 2, afterDash: true);
                }

                break;
            case YamlMapping:
                text.Append("{}\n");
                break;
            case YamlSequence:
                text.Append("[]\n");
                break;
            case YamlScalar scalar:
                AppendScalar(text, scalar).Append('\n');
                break;
        }
    }

    private static void WriteMapping(StringBuilder text, YamlMapping mapping, int indent, bool afterDash)
    {
        foreach (var (key, value) in mapping.Entries)
        {
            AppendScalar(Indent(text, indent, ref afterDash), key).Append(':');
            var isBlock = value is YamlMapping { Entries.Count: > 0 } or YamlSequence { Items.Count: > 0 };
            text.Append(isBlock ? '\n' : ' ');
            Write(text, value, indent + 2, afterDash: !isBlock);
        }
    }

    /// <summary>The first line after a dash stands beside it; all others are indented.</summary>
    private static StringBuilder Indent(StringBuilder text, int indent, ref bool afterDash)
    {
        text.Append(' ', afterDash ? 0 : indent);
        afterDash = false;
        return text;
    }

    private static StringBuilder AppendScalar(StringBuilder text, YamlScalar scalar) =>
        scalar.IsPlain || IsBare(scalar.Value) ? text.Append(scalar.Value) : AppendQuoted(text, scalar.Value);

    /// <summary>Letters first and nothing that YAML gives a meaning: such a text needs no quotes.</summary>
    private static bool IsBare(string value) =>
        value.Length > 0 && char.IsAsciiLetter(value[0]) && !Words.Contains(value)
        && value.AsSpan().IndexOfAnyExcept(BareCharacters) < 0;

    private static readonly System.Buffers.SearchValues<char> BareCharacters =
        System.Buffers.SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_./");

    private static StringBuilder AppendQuoted(StringBuilder text, string value)
    {
        text.Append('"');
        foreach (var rune in value.EnumerateRunes())
        {
            _ = rune.Value switch
            {
                '"' => text.Append("\\\""),
                '\\' => text.Append("\\\\"),
                '\n' => text.Append("\\n"),
                // Beyond ASCII too: some of it ends a line for one reader and not for another.
                < ' ' or > '~' => text.Append(CultureInfo.InvariantCulture, $"\\U{rune.Value:x8}"),
                _ => text.Append((char)rune.Value),
            };
        }

        return text.Append('"');
    }
}
