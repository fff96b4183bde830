using System.Text;
using YamlDotNet.Core;

namespace Fairlead.Configuration.Yaml;

/// <summary>Reads YAML from a source that may be hostile. Works on the parser's events and keeps its own stack, so
/// that depth, nodes and bytes are bounded before anything is built. Aliases are refused: with them a few bytes name a
/// tree of any size. Thread-safe.</summary>
public static class YamlReader
{
    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    /// <summary>Reads all documents of a stream. Never throws for what the bytes hold.</summary>
    /// <param name="bytes">UTF-8, with or without a byte order mark.</param>
    /// <param name="source">What errors call it: the file's name.</param>
    /// <param name="limits">Null: <see cref="YamlLimits.Default"/>.</param>
    public static YamlReading Read(ReadOnlySpan<byte> bytes, string source, YamlLimits? limits = null)
    {
        limits ??= YamlLimits.Default;
        try
        {
            var text = Decode(bytes, source, limits);
            return new YamlReading(ReadDocuments(text, source, limits), null);
        }
        catch (YamlRefusedException refused)
        {
            return new YamlReading([], refused.Error);
        }
    }

    private static string Decode(ReadOnlySpan<byte> bytes, string source, YamlLimits limits)
    {
        if (bytes.Length > limits.BytesMax)
        {
            throw new YamlRefusedException(new ConfigurationError(
                ConfigurationErrorKind.TooLarge, source, 0, 0,
                $"{bytes.Length} bytes, more than the {limits.BytesMax} allowed", "split it into smaller files"));
        }

        if (bytes.StartsWith(Encoding.UTF8.Preamble))
        {
            bytes = bytes[Encoding.UTF8.Preamble.Length..];
        }

        // NUL above all: the scanner takes it for the end of input and would drop what follows in silence.
        var control = bytes.IndexOfAnyInRange((byte)0, (byte)8);
        control = control >= 0 ? control : bytes.IndexOfAny("\x0b\x0c\x7f"u8);
        control = control >= 0 ? control : bytes.IndexOfAnyInRange((byte)0x0e, (byte)0x1f);
        if (control >= 0)
        {
            throw new YamlRefusedException(new ConfigurationError(
                ConfigurationErrorKind.BadText, source, LineOf(bytes, control), 0,
                $"the control character 0x{bytes[control]:x2}", "save the file as plain UTF-8 text"));
        }

        try
        {
            return StrictUtf8.GetString(bytes);
        }
        catch (DecoderFallbackException bad)
        {
            throw new YamlRefusedException(new ConfigurationError(
                ConfigurationErrorKind.BadText, source, LineOf(bytes, Math.Clamp(bad.Index, 0, bytes.Length)), 0,
                "bytes that are not UTF-8", "save the file as UTF-8"));
        }
    }

    private static int LineOf(ReadOnlySpan<byte> bytes, int position) => 1 + bytes[..position].Count((byte)'\n');

    private static List<YamlNode> ReadDocuments(string text, string source, YamlLimits limits)
    {
        var parser = new Parser(new StringReader(text));
        var builder = new YamlTreeBuilder(source, limits);
        while (Next(parser, source, text))
        {
            builder.Take(parser.Current!);
        }

        return builder.Documents;
    }

    private static bool Next(Parser parser, string source, string text)
    {
        try
        {
            return parser.MoveNext();
        }
        catch (YamlException bad)
        {
            throw Syntax(source, bad.Start, bad.Message, text);
        }
        catch (Exception bad) when (bad is not OutOfMemoryException)
        {
            // A scanner that trips over bytes from outside has met bad syntax, whatever it throws.
            throw Syntax(source, parser.Current?.End ?? Mark.Empty, bad.GetType().Name, text);
        }
    }

    private static YamlRefusedException Syntax(string source, Mark mark, string message, string text)
    {
        var (line, column) = ((int)mark.Line, (int)mark.Column);
        var remedy = "correct the line or the one above";
        if (LineWithTab(text, line) is { } tab)
        {
            (line, column, message, remedy) = (tab, 1, "a tab before the first word", "indent with spaces");
        }

        return new YamlRefusedException(new ConfigurationError(
            ConfigurationErrorKind.Syntax, source, line, column, "not YAML: " + OneLine(message), remedy));
    }

    /// <summary>The scanner names the line before a tab, and says nothing of the tab: look for it there and below.
    /// </summary>
    private static int? LineWithTab(string text, int near)
    {
        var number = 0;
        foreach (var line in text.AsSpan().EnumerateLines())
        {
            var start = line[..(line.Length - line.TrimStart(" \t").Length)];
            if (++number >= near && start.Contains('\t'))
            {
                return number;
            }

            if (number > near)
            {
                break;
            }
        }

        return null;
    }

    private static string OneLine(string message)
    {
        var line = message.ReplaceLineEndings(" ").TrimEnd('.', ' ');
        return line.Length <= 200 ? line : line[..200];
    }
}
