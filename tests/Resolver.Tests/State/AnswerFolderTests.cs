using Fairlead.Resolver.State;

namespace Fairlead.Resolver.Tests.State;

/// <summary>Answers on their way to the disk (V58): what was told last counts, be it written yet or not.</summary>
public sealed class AnswerFolderTests : IAsyncDisposable
{
    private const string Name = "checkout.shop.svc.us1.internal";

    private readonly string _path = Path.Combine(
        Directory.CreateTempSubdirectory("fairlead-answers-").FullName, "answers");

    private readonly AnswerFolder _folder;

    public AnswerFolderTests() => _folder = Open();

    public async ValueTask DisposeAsync()
    {
        await _folder.DisposeAsync();
        Directory.Delete(Path.GetDirectoryName(_path)!, recursive: true);
    }

    /// <summary>A name that was dropped and is wanted again at once does not come back from a file that is still
    /// there.</summary>
    [Fact]
    public async Task Load_OfANameThatWasDropped_IsNothing_WhetherTheFileIsGoneOrNot()
    {
        for (var i = 0; i < 200; i++)
        {
            _folder.Keep(Answer(i));
            Assert.Equal(i, _folder.Load(Name)!.VerifiedAt);
            _folder.Drop(Name);
            Assert.Null(_folder.Load(Name));
        }

        _folder.Keep(Answer(1_000));
        _folder.Keep(Answer(1_001));
        await _folder.DisposeAsync();
        await using var next = Open();
        Assert.Equal(1_001, next.Load(Name)!.VerifiedAt);
    }

    /// <summary>A drop outlives a loss of power, and many of them wait for the disk together.</summary>
    [Fact]
    public async Task Drop_IsOnTheDiskBeforeItIsDone_AndOnceForManyTogether()
    {
        await _folder.DisposeAsync();
        Directory.CreateDirectory(_path); // Else nothing may ever be written that is gone at once.
        using var go = new ManualResetEventSlim();
        var left = new List<int>();
        await using (var folder = new AnswerFolder(
            _path, TimeProvider.System, 1_000, (name, e) => throw new InvalidOperationException(name, e), path =>
            {
                left.Add(Directory.GetFiles(path).Length);
                go.Wait(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
            }))
        {
            foreach (var name in Names)
            {
                folder.Keep(Answer(1) with { Name = name });
            }

            folder.Drop(Name);
            foreach (var name in Names)
            {
                folder.Drop(name);
            }

            go.Set();
        }

        Assert.InRange(left.Count, 1, 3);
        Assert.Equal(0, left[^1]);
    }

    private static IEnumerable<string> Names => Enumerable.Range(0, 20).Select(i => $"n{i}.shop.svc.us1.internal");

    private AnswerFolder Open() => new(
        _path, TimeProvider.System, 10, (name, e) => throw new InvalidOperationException(name, e));

    private static KeptAnswer Answer(long at) => new(Name, new byte[] { 1, 2, 3 }, at, 0);
}
