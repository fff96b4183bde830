namespace Fairlead.Configuration;

/// <summary>A configuration that cannot be used, with everything that is wrong with it. The message holds one error
/// per line.</summary>
public sealed class ConfigurationException : Exception
{
    /// <summary>Carries at least one error.</summary>
    public ConfigurationException(IReadOnlyList<ConfigurationError> errors)
        : base(string.Join('\n', errors))
    {
        ArgumentOutOfRangeException.ThrowIfZero(errors.Count);
        Errors = errors;
    }

    /// <summary>All errors, in the order of the file.</summary>
    public IReadOnlyList<ConfigurationError> Errors { get; }
}
