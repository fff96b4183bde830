namespace Fairlead.Configuration;

/// <summary>One thing wrong with a configuration: where, what, and what to do about it. Immutable.</summary>
/// <param name="Kind">The name of the refusal.</param>
/// <param name="Source">The file as the user gave it, or the environment variable.</param>
/// <param name="Line">From 1; 0 where no line applies.</param>
/// <param name="Column">From 1; 0 where no column applies.</param>
/// <param name="Problem">What is wrong, without a full stop.</param>
/// <param name="Remedy">What the user can do, as an imperative; may be empty.</param>
public sealed record ConfigurationError(
    ConfigurationErrorKind Kind, string Source, int Line, int Column, string Problem, string Remedy)
{
    /// <summary><c>file:line: problem; remedy</c> on one line.</summary>
    public override string ToString()
    {
        var place = Line > 0 ? $"{Source}:{Line}" : Source;
        return Remedy.Length == 0 ? $"{place}: {Problem}" : $"{place}: {Problem}; {Remedy}";
    }
}
