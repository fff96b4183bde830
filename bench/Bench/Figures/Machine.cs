using System.Globalization;
using System.Runtime.InteropServices;

namespace Fairlead.Bench;

/// <summary>What the kernel says of this machine, this thread and other processes. Thread-safe.</summary>
internal static class Machine
{
    private const int ThreadClock = 3; // CLOCK_THREAD_CPUTIME_ID
    private const int Terminate = 15;
    private const int ContinueSignal = 18; // SIGCONT
    private const int StopSignal = 19; // SIGSTOP

    /// <summary>How many tasks wanted to run in the last minute: beside it a latency can be judged.</summary>
    public static double Load() => double.Parse(
        File.ReadAllText("/proc/loadavg").Split(' ')[0], NumberStyles.Float, CultureInfo.InvariantCulture);

    /// <summary>The CPU time of the calling thread in microseconds: neighbours do not count in it.</summary>
    public static double ThreadMicroseconds() => clock_gettime(ThreadClock, out var time) == 0
        ? (time.Seconds * 1e6) + (time.Nanoseconds / 1e3)
        : throw new InvalidOperationException("the thread has no CPU clock");

    /// <summary>A line of <c>/proc/PID/status</c> such as RssAnon, in kB.</summary>
    /// <exception cref="IOException">There is no such process.</exception>
    public static long StatusKilobytes(int process, string key)
    {
        var line = File.ReadLines($"/proc/{process}/status")
            .FirstOrDefault(line => line.StartsWith(key + ":", StringComparison.Ordinal));
        var value = line?[(key.Length + 1)..].Replace("kB", "", StringComparison.Ordinal).Trim()
            ?? throw new IOException($"process {process} has no {key}");
        return long.Parse(value, CultureInfo.InvariantCulture);
    }

    /// <summary>The CPU time that a process took so far, in milliseconds, in steps of ten; 0 for one that is gone.
    /// </summary>
    public static double ProcessMilliseconds(int process)
    {
        try
        {
            // Behind the name, which may hold anything: the 12th and 13th are the ticks in and out of the kernel.
            var fields = File.ReadAllText($"/proc/{process}/stat").Split(')')[^1].Split(' ');
            return 10 * (double.Parse(fields[12], CultureInfo.InvariantCulture)
                + double.Parse(fields[13], CultureInfo.InvariantCulture));
        }
        catch (IOException)
        {
            return 0;
        }
    }

    /// <summary>Asks a process to end.</summary>
    public static void End(int process) => _ = kill(process, Terminate);

    /// <summary>Freezes a process: its sockets stay and it says nothing.</summary>
    public static void Freeze(int process) => _ = kill(process, StopSignal);

    /// <summary>Lets it go on.</summary>
    public static void Thaw(int process) => _ = kill(process, ContinueSignal);

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int clock_gettime(int clock, out Timespec time);

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int kill(int process, int signal);

    [StructLayout(LayoutKind.Sequential)]
    private struct Timespec
    {
        public nint Seconds;
        public nint Nanoseconds;
    }
}
