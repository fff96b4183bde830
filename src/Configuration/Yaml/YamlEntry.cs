namespace Fairlead.Configuration.Yaml;

/// <summary>A key of a mapping and its value.</summary>
/// <param name="Key">The key, with its place.</param>
/// <param name="Value">Its value; an absent one is a null scalar.</param>
public sealed record YamlEntry(YamlScalar Key, YamlNode Value);
