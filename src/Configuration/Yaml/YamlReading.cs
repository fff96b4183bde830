namespace Fairlead.Configuration.Yaml;

/// <summary>What reading gave: documents, or the one error that ended it. Immutable.</summary>
/// <param name="Documents">The documents in order, empty ones left out; none after an error.</param>
/// <param name="Error">Why the input was refused, or null.</param>
public sealed record YamlReading(IReadOnlyList<YamlNode> Documents, ConfigurationError? Error);
