namespace Fairlead.Configuration;

/// <summary>Collects errors so that a user sees all of them at once. Not safe for concurrent use. At most
/// <see cref="CountMax"/> are kept: a hostile file must not fill a log.</summary>
public sealed class ConfigurationErrors
{
    /// <summary>How many errors are kept.</summary>
    public const int CountMax = 100;

    private readonly List<ConfigurationError> _errors = [];

    /// <summary>Whether nothing is wrong so far.</summary>
    public bool IsEmpty => _errors.Count == 0;

    /// <summary>The errors in the order of their lines; those of the environment last.</summary>
    public IReadOnlyList<ConfigurationError> All =>
        [.. _errors.OrderBy(error => error.Line == 0 ? int.MaxValue : error.Line)];

    /// <summary>Adds an error.</summary>
    public void Add(ConfigurationError error)
    {
        if (_errors.Count < CountMax)
        {
            _errors.Add(error);
        }
    }
}
