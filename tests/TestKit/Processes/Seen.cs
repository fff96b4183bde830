using System.Globalization;

namespace Fairlead.TestKit.Processes;

/// <summary>What this machine may take, as loaded as it is, for what was seen to take so long on a quiet one.
/// Stateless.</summary>
public static class Seen
{
    private const double Factor = 10;

    // A bound that grows without end shows nothing.
    private const double SharedMax = 10;

    /// <summary>Ten times as long, and as many times that as programs share a processor, ten at the most.</summary>
    /// <param name="quiet">How long it took.</param>
    public static TimeSpan Within(TimeSpan quiet) =>
        quiet * Factor * Math.Clamp(Load() / Environment.ProcessorCount, 1, SharedMax);

    // Linux, proc_loadavg(5): of the last minute.
    private static double Load() => double.Parse(
        File.ReadAllText("/proc/loadavg").Split(' ')[0], NumberStyles.Float, CultureInfo.InvariantCulture);
}
