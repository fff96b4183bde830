using System.Collections;

namespace Fairlead.Configuration;

/// <summary>The process's environment, read once and handed on as a value.</summary>
public static class EnvironmentVariables
{
    /// <summary>A copy of all variables.</summary>
    public static IReadOnlyDictionary<string, string> Read()
    {
        var copy = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (DictionaryEntry variable in Environment.GetEnvironmentVariables())
        {
            copy[(string)variable.Key] = (string?)variable.Value ?? "";
        }

        return copy;
    }
}
