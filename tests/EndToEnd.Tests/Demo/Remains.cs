using Xunit;

namespace Fairlead.EndToEnd.Tests.Demo;

/// <summary>What a demo leaves behind when it ends: nothing.</summary>
internal static class Remains
{
    /// <summary>
    /// Asserts that the demo's folder is gone, and that no process was started from it that still runs.
    /// </summary>
    internal static void None(string folder)
    {
        var left = Directory.GetDirectories("/proc").Select(CommandLineOf)
            .Where(line => line.Contains(folder, StringComparison.Ordinal));
        Assert.Empty(left);
        Assert.False(Directory.Exists(folder), $"{folder} is still there");
    }

    private static string CommandLineOf(string process)
    {
        try
        {
            return File.ReadAllText(Path.Combine(process, "cmdline")).Replace('\0', ' ');
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
