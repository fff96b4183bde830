using System.Collections.Concurrent;

namespace Fairlead.TestKit.Processes;

/// <summary>
/// One thread that lives as long as the test process and forks every child. Envoy asks the kernel to die with its
/// parent, and Linux ties that wish to the thread that forked it: a child of a pool thread would die with that thread.
/// </summary>
internal static class LastingThread
{
    private static readonly BlockingCollection<Action> Work = Start();

    public static T Run<T>(Func<T> function)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        Work.Add(() =>
        {
            try
            {
                done.SetResult(function());
            }
            catch (Exception e)
            {
                done.SetException(e);
            }
        });
        return done.Task.GetAwaiter().GetResult();
    }

    private static BlockingCollection<Action> Start()
    {
        var work = new BlockingCollection<Action>();
        new Thread(() =>
        {
            foreach (var action in work.GetConsumingEnumerable())
            {
                action();
            }
        })
        { IsBackground = true, Name = "children" }.Start();
        return work;
    }
}
