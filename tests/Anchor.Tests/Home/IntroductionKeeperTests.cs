using Fairlead.Anchor.Home.Introductions;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Anchor.Tests.Home;

/// <summary>V39: whoever waits has what it changed written, with one write for all who changed something
/// meanwhile.</summary>
public sealed class IntroductionKeeperTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("fairlead-keeper-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Save_AskedByManyWhileItWrites_WritesOnceMoreForAllOfThem()
    {
        var changes = 0;
        var written = new List<int>();
        var (writing, free) = (new TaskCompletionSource(), new TaskCompletionSource());
        var reading = 0;
        var file = new IntroductionFile(Path.Combine(_folder, "introductions.state"))
        {
            Write = (_, _) =>
            {
                writing.TrySetResult();
                free.Task.Wait();
                written.Add(reading);
            },
        };
        var keeper = new IntroductionKeeper(
            file,
            () =>
            {
                reading = Volatile.Read(ref changes);
                return ([], Array.Empty<KeyValuePair<SegmentName, UnverifiedAnswer>>());
            },
            NullLogger.Instance);

        changes++;
        var first = keeper.SaveAsync();
        await writing.Task.WaitAsync(TestContext.Current.CancellationToken);
        var later = new List<Task>();
        for (var i = 0; i < 1_000; i++)
        {
            changes++;
            later.Add(keeper.SaveAsync());
        }

        Assert.DoesNotContain(later.Append(first), task => task.IsCompleted);
        free.SetResult();
        await Task.WhenAll(later.Append(first)).WaitAsync(TestContext.Current.CancellationToken);
        Assert.Equal([1, 1_001], written);
        changes++;
        await keeper.SaveAsync();
        Assert.Equal([1, 1_001, 1_002], written);
    }
}
