using System.Globalization;

namespace Fairlead.Cli.Demo.Checks;

/// <summary>
/// How long a promised time is on this machine: as long as promised where every program has a processor, and as many
/// times that as programs share one, five times at the most. Stateless.
/// </summary>
internal static class Pace
{
    private const double SharedMax = 5;

    /// <summary>The time that a promise has here, as loaded as the machine is now.</summary>
    internal static TimeSpan Of(TimeSpan promised) =>
        promised * Shared(File.ReadAllText("/proc/loadavg"), Environment.ProcessorCount);

    /// <summary>How many programs share a processor; 1 where none does.</summary>
    /// <param name="load">Linux, proc_loadavg(5): how many want to run, as a mean of the last minute and at this
    /// moment.</param>
    /// <param name="processors">How many processors there are.</param>
    internal static double Shared(string load, int processors)
    {
        var fields = load.Split(' ');
        var mean = double.Parse(fields[0], CultureInfo.InvariantCulture);
        var now = double.Parse(fields[3].Split('/')[0], CultureInfo.InvariantCulture);
        return Math.Clamp(Math.Max(mean, now) / processors, 1, SharedMax);
    }
}
