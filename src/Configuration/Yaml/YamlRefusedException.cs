namespace Fairlead.Configuration.Yaml;

/// <summary>Carries an error from the depth of a reading to its edge; never leaves this library.</summary>
internal sealed class YamlRefusedException(ConfigurationError error) : Exception(error.ToString())
{
    internal ConfigurationError Error { get; } = error;
}
