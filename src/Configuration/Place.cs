using Fairlead.Configuration.Yaml;

namespace Fairlead.Configuration;

/// <summary>Where a value came from: a line of the file, or a variable.</summary>
internal readonly record struct Place(string? Variable, int Line, int Column)
{
    internal static Place Of(YamlNode node) => new(null, node.Line, node.Column);
}
