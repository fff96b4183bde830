namespace Fairlead.Configuration.Yaml;

/// <summary>A single value. Its text is as written: no type is guessed, so <c>012</c> stays <c>012</c>.</summary>
public sealed class YamlScalar : YamlNode
{
    /// <summary>A scalar at a place in a file.</summary>
    public YamlScalar(string value, bool isPlain, int line = 0, int column = 0)
        : base(line, column)
    {
        Value = value;
        IsPlain = isPlain;
    }

    /// <summary>The text, escapes and folding resolved.</summary>
    public string Value { get; }

    /// <summary>Written without quotes: only then may it be a number, a truth value or null.</summary>
    public bool IsPlain { get; }

    /// <summary>Whether it stands for "no value" in YAML's core schema: plain and empty, <c>~</c> or <c>null</c>.
    /// </summary>
    public bool IsNull => IsPlain && (Value is "" or "~" or "null" or "Null" or "NULL");

    /// <inheritdoc/>
    public override string Shape => IsNull ? "nothing" : "a single value";
}
