namespace Fairlead.Cli.Demo;

/// <summary>A check found what must not be.</summary>
internal sealed class CheckFailedException(string message) : Exception(message);

/// <summary>A check cannot run here; the message says why.</summary>
internal sealed class CheckSkippedException(string message) : Exception(message);

/// <summary>Small assertions that read as sentences in a failed check.</summary>
internal static class Check
{
    internal static void That(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new CheckFailedException(otherwise);
        }
    }

    internal static void Equal<T>(T expected, T actual, string what)
    {
        That(EqualityComparer<T>.Default.Equals(expected, actual), $"{what}: expected {expected}, found {actual}");
    }
}
