using Xunit;

namespace Fairlead.Repository.Tests;

/// <summary>Asserts that a search found nothing, and shows all that it found.</summary>
internal static class Findings
{
    internal static void None(IEnumerable<string> found)
    {
        var lines = found.ToList();
        Assert.True(lines.Count == 0, string.Join('\n', lines));
    }
}
