namespace Fairlead.EndToEnd.Tests;

/// <summary>Linux signal numbers.</summary>
internal static class Signals
{
    internal const int Int = 2;
    internal const int Term = 15;
}
