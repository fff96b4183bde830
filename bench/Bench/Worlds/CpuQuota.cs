using System.Globalization;

namespace Fairlead.Bench;

/// <summary>
/// A control group that may use a tenth of one processor, of version 2 or 1, whichever this machine lets us make.
/// Disposing it removes the group, which must be empty by then.
/// </summary>
internal sealed class CpuQuota : IDisposable
{
    private const int Period = 100_000;
    private const int Share = 10_000;

    private readonly string _folder;

    private CpuQuota(string folder) => _folder = folder;

    /// <summary>The group, or why there is none.</summary>
    public static (CpuQuota? Quota, string Reason) TryMake()
    {
        var reasons = new List<string>();
        var name = string.Create(CultureInfo.InvariantCulture, $"fairlead-bench-{Environment.ProcessId}");
        foreach (var (root, limits) in new (string, (string, string)[])[]
        {
            ("/sys/fs/cgroup", [("cpu.max", $"{Share} {Period}")]),
            ("/sys/fs/cgroup/cpu", [("cpu.cfs_period_us", $"{Period}"), ("cpu.cfs_quota_us", $"{Share}")]),
        })
        {
            try
            {
                return (Make(Path.Combine(root, name), root, limits), "");
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                reasons.Add(e.Message);
            }
        }

        return (null, string.Join("; ", reasons));
    }

    /// <summary>A shell's command line that runs a program inside of the group.</summary>
    public string Wrap(string command) => $"echo $$ > '{Path.Combine(_folder, "cgroup.procs")}' && exec {command}";

    public void Dispose()
    {
        try
        {
            Directory.Delete(_folder);
        }
        catch (IOException)
        {
            // The kernel still counts a process that has just ended: an empty group costs nothing.
        }
    }

    private static CpuQuota Make(string folder, string root, (string File, string Value)[] limits)
    {
        // Version 2 knows itself by this file; in a version 1 tree the same folder is no control group.
        if (limits.Length == 1 && !File.Exists(Path.Combine(root, "cgroup.controllers")))
        {
            throw new IOException($"{root} is no control group of version 2");
        }

        Directory.CreateDirectory(folder);
        foreach (var (file, value) in limits)
        {
            File.WriteAllText(Path.Combine(folder, file), value);
        }

        return new CpuQuota(folder);
    }
}
