using System.Collections.Concurrent;
using System.Diagnostics;

namespace Fairlead.Cli.Demo;

/// <summary>
/// Forks every child on one thread that lives as long as the program. Envoy asks the kernel to be killed when its
/// parent ends, and Linux ties that wish to the forking <em>thread</em>: a child started from a pool thread would die
/// as soon as the pool shrinks. Thread-safe.
/// </summary>
internal sealed class Spawner : IDisposable
{
    private readonly BlockingCollection<Action> _work = [];
    private readonly Thread _thread;

    internal Spawner()
    {
        _thread = new Thread(() =>
        {
            foreach (var action in _work.GetConsumingEnumerable())
            {
                action();
            }
        })
        { IsBackground = true, Name = "spawner" };
        _thread.Start();
    }

    /// <summary>Starts a child and returns it.</summary>
    /// <exception cref="System.ComponentModel.Win32Exception">The program cannot be started.</exception>
    internal Task<Process> StartAsync(ProcessStartInfo info)
    {
        var started = new TaskCompletionSource<Process>(TaskCreationOptions.RunContinuationsAsynchronously);
        _work.Add(() =>
        {
            try
            {
                started.SetResult(Process.Start(info) ?? throw new InvalidOperationException("no process was started"));
            }
            catch (Exception e)
            {
                started.SetException(e);
            }
        });
        return started.Task;
    }

    public void Dispose() => _work.CompleteAdding();
}
