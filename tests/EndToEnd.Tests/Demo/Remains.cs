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

    /// <summary>Ends by force the one process whose command line holds a part.</summary>
    internal static void Kill(string part)
    {
        using var running = System.Diagnostics.Process.GetProcessById(
            int.Parse(IdOf(part), System.Globalization.CultureInfo.InvariantCulture));
        running.Kill();
    }

    /// <summary>Lets the one process whose command line holds a part stand still until it is told to go on.</summary>
    internal static async Task StopAsync(string part) =>
        (await Programs.RunAsync(["kill", "-STOP", IdOf(part)])).Ends(0);

    private static string IdOf(string part) => Directory.GetDirectories("/proc")
        .Where(path => int.TryParse(Path.GetFileName(path), out _))
        .Where(path => CommandLineOf(path).Contains(part, StringComparison.Ordinal))
        .Select(path => Path.GetFileName(path)!).Single();

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
