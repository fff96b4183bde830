namespace Fairlead.Configuration;

/// <summary>One thing that a program asked of its configuration: what its reference has to tell. Immutable.</summary>
/// <param name="Path">The key with those of its sections, such as <c>xds.address</c>; an entry of a list of mappings is
/// <c>[]</c>, as in <c>subjects[].key</c>.</param>
/// <param name="Form">What is expected, as errors say it; empty where it was only asked whether the key is
/// there.</param>
/// <param name="Default">What stands in for an absent value; null for nothing.</param>
/// <param name="IsRequired">Whether its section cannot do without it.</param>
public sealed record ConfigurationQuestion(string Path, string Form, string? Default, bool IsRequired)
{
    /// <summary>The form of a mapping that is asked for what is in it.</summary>
    public const string Section = "a section";
}
