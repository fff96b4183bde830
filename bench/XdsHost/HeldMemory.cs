using System.Globalization;

namespace Fairlead.XdsHost;

/// <summary>What this process holds once what is dead was given back. Stateless.</summary>
internal static class HeldMemory
{
    private const int Collections = 3;

    /// <summary>Collects, and says <c>managed BYTES anonymous BYTES</c>: the heap, and what the system has given to the
    /// process that no file is behind.</summary>
    public static string Describe()
    {
        for (var i = 0; i < Collections; i++)
        {
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            GC.WaitForPendingFinalizers();
        }

        return string.Create(
            CultureInfo.InvariantCulture,
            $"managed {GC.GetTotalMemory(forceFullCollection: false)} anonymous {Anonymous()}");
    }

    // Linux, proc_pid_status(5): in kB.
    private static long Anonymous()
    {
        const string key = "RssAnon:";
        var line = File.ReadLines("/proc/self/status")
            .First(static line => line.StartsWith(key, StringComparison.Ordinal));
        return 1_024 * long.Parse(line[key.Length..].Replace("kB", "", StringComparison.Ordinal).Trim(),
            CultureInfo.InvariantCulture);
    }
}
