namespace Fairlead.Configuration.Yaml;

/// <summary>A node of a YAML document: <see cref="YamlScalar"/>, <see cref="YamlSequence"/> or
/// <see cref="YamlMapping"/>. Immutable; knows where it stood.</summary>
public abstract class YamlNode
{
    private protected YamlNode(int line, int column)
    {
        Line = line;
        Column = column;
    }

    /// <summary>Line in the file, from 1; 0 for a node that was not read.</summary>
    public int Line { get; }

    /// <summary>Column in the line, from 1; 0 for a node that was not read.</summary>
    public int Column { get; }

    /// <summary>The kind of node in a user's words, with its article.</summary>
    public abstract string Shape { get; }

    /// <summary>A text.</summary>
    public static implicit operator YamlNode(string value) => new YamlScalar(value, isPlain: false);

    /// <summary>A whole number.</summary>
    public static implicit operator YamlNode(long value) =>
        new YamlScalar(value.ToString(System.Globalization.CultureInfo.InvariantCulture), isPlain: true);

    /// <summary><c>true</c> or <c>false</c>.</summary>
    public static implicit operator YamlNode(bool value) => new YamlScalar(value ? "true" : "false", isPlain: true);
}
