using System.Diagnostics;
using Fairlead.Cli.Demo;

namespace Fairlead.TestKit.Processes;

/// <summary>Starts children of the test process. Thread-safe.</summary>
internal static class Children
{
    private static readonly Spawner Spawner = new();

    /// <summary>Starts a child that lives until it ends or is ended, whatever becomes of the calling thread.</summary>
    internal static Process Start(ProcessStartInfo info) => Spawner.StartAsync(info).GetAwaiter().GetResult();
}
