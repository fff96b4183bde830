using System.Globalization;
using Fairlead.Kubernetes.Manifests;

namespace Fairlead.Kubernetes.Tests;

public sealed class ManifestFolderTests
{
    private readonly ManifestFolder _folder = new();

    [Fact]
    public void Update_BadFile_KeepsItsLastGoodAndTheOthers()
    {
        Update(("a.yaml", Reading.Service("a")), ("b.yaml", Reading.Service("b")));
        Update(("a.yaml", "kind: ["));
        Assert.Equal(["a", "b"], Names());
        Assert.Equal("a.yaml", Assert.Single(_folder.Problems).Location.File);
        Assert.True(_folder.IsComplete);

        Update(("b.yaml", Reading.Service("b2")));
        Assert.Equal(["a", "b2"], Names());
        Update(("a.yaml", Reading.Service("a2")));
        Assert.Equal(["a2", "b2"], Names());
        Assert.Empty(_folder.Problems);
    }

    [Fact]
    public void Update_FileThatWasNeverGood_IsIncompleteUntilItIs()
    {
        Update(("a.yaml", Reading.Service("a")), ("b.yaml", "kind: ["));
        Assert.False(_folder.IsComplete);
        Assert.Equal(["a"], Names());
        Update(("b.yaml", null));
        Assert.True(_folder.IsComplete);
        Assert.Empty(_folder.Problems);
    }

    [Fact]
    public void Update_EmptiedFile_KeepsWhatItHeld()
    {
        Update(("a.yaml", Reading.Service("a")));
        Update(("a.yaml", ""));
        Assert.Equal(["a"], Names());
        Assert.Contains("empty", Assert.Single(_folder.Problems).Message, StringComparison.Ordinal);
        Update(("a.yaml", "# nothing any more\n"));
        Assert.Empty(Names());
        Update(("a.yaml", Reading.Service("a")));
        Update(("a.yaml", null));
        Assert.Empty(Names());
    }

    [Fact]
    public void Update_DuplicateAcrossFiles_RefusesTheNewcomer()
    {
        Update(("b.yaml", Reading.Service("x")));
        Update(("a.yaml", Reading.Service("x") + "\n---\n" + Reading.Service("y")));
        Assert.Equal(["x"], Names());
        Assert.Equal("a.yaml:1: duplicate Service shop/x, which already stands at b.yaml:1: remove one of them",
            Assert.Single(_folder.Problems).ToString());
        Update(("b.yaml", null));
        Assert.Equal(["x", "y"], Names());
        Assert.Empty(_folder.Problems);
    }

    [Fact]
    public void Update_DuplicateAtStart_TakesTheFirstFile()
    {
        Update(("b.yaml", Reading.Service("x")), ("a.yaml", Reading.Service("x")), ("c.yaml", Reading.Service("c")));
        Assert.Equal(["x", "c"], Names());
        Assert.Equal("b.yaml", Assert.Single(_folder.Problems).Location.File);
        Assert.False(_folder.IsComplete);
    }

    [Fact]
    public void Update_ObjectsSwapFiles_AreTakenTogether()
    {
        Update(("a.yaml", Reading.Service("x")), ("b.yaml", Reading.Service("y")));
        Update(("a.yaml", Reading.Service("y")), ("b.yaml", Reading.Service("x")));
        Assert.Equal(["y", "x"], Names());
        Assert.Empty(_folder.Problems);
    }

    [Fact]
    public void Update_ObjectMovesOneFileAtATime_SettlesWhenBothAreThere()
    {
        Update(("a.yaml", Reading.Service("x")), ("b.yaml", "# nothing yet\n"));
        Update(("b.yaml", Reading.Service("x")));
        Assert.Single(_folder.Problems);
        Update(("a.yaml", "# moved\n"));
        Assert.Empty(_folder.Problems);
        Assert.Equal("b.yaml", Assert.Single(_folder.Content.Services).Location.File);
    }

    [Fact]
    public void Unreadable_File_KeepsItsLastGood()
    {
        Update(("a.yaml", Reading.Service("a")));
        _folder.Unreadable([("a.yaml", "permission denied")]);
        Assert.Equal(["a"], Names());
        Assert.Equal("a.yaml:1: cannot be read: permission denied", Assert.Single(_folder.Problems).ToString());
    }

    /// <summary>What moved is taken in the order in which it becomes free, whatever the files' names, and of what has
    /// no place only that is said.</summary>
    [Fact]
    public void Update_ObjectsThatMoveInAChainBesideADuplicate_AreAllTaken()
    {
        const int files = 100;
        var first = Enumerable.Range(0, files)
            .Select(index => ($"{index:d3}.yaml", (string?)Services(index)))
            .ToArray();
        var cost = Cost(first);
        Update(("z.yaml", Services(0)));
        Assert.Contains("stands at 000.yaml:1", Assert.Single(_folder.Problems).Message, StringComparison.Ordinal);

        // Each takes what the next one has, and the last something new: only from behind does one make room.
        var moved = Enumerable.Range(0, files)
            .Select(index => ($"{index:d3}.yaml", (string?)Services(index + 1)))
            .Append(("y.yaml", Services(5)))
            .ToArray();
        Assert.InRange(Cost(moved), 0, 2 * cost);
        Assert.Equal(
            Enumerable.Range(0, files + 1).Select(index => $"s{index}"),
            Names().OrderBy(name => int.Parse(name.AsSpan(1), CultureInfo.InvariantCulture)));
        Assert.Equal("y.yaml", Assert.Single(_folder.Problems).Location.File);
    }

    [Fact]
    public void Update_ADuplicateAmongThousands_CostsNoMoreThanWithoutIt()
    {
        var files = Enumerable.Range(0, 1_000)
            .Select(index => ($"{index:d4}.yaml", (string?)Services(3 * index, (3 * index) + 1, (3 * index) + 2)))
            .ToList();
        var without = Cost([.. files]);
        _folder.Update(files.Select(file => Reading.File(file.Item1, null)));
        Assert.Empty(Names());
        var with = Cost([.. files, ("twice.yaml", Services(7))]);
        Assert.InRange(with, 0, 2 * without);
        Assert.Equal(3_000, Names().Count());
        Assert.Equal("twice.yaml", Assert.Single(_folder.Problems).Location.File);
    }

    /// <summary>Whatever is written in whatever order: nothing stands twice, and what does not take effect has
    /// something in its way.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Update_AnyFiles_TakesWhatHasAPlaceAndNothingTwice(int seed)
    {
        var random = new Random(seed);
        var written = new Dictionary<string, int[]>();
        for (var round = 0; round < 100; round++)
        {
            var changed = Enumerable.Range(0, 8)
                .Where(_ => random.Next(3) == 0)
                .Select(index => $"{index}.yaml")
                .ToList();
            foreach (var file in changed)
            {
                written[file] = [.. Enumerable.Range(0, 12).Where(_ => random.Next(8) == 0)];
            }

            Update([.. changed.Select(file => (file, (string?)(Services(written[file]) + "\n---\n# end\n")))]);
            Assert.Equal(Names().Distinct(), Names());
            var stand = _folder.Content.Services.ToLookup(one => one.Location.File, one => one.Key.Name);
            Assert.All(written, file => Assert.True(
                file.Value.Select(number => $"s{number}").SequenceEqual(stand[file.Key])
                    != _folder.Problems.Any(problem => problem.Location.File == file.Key), $"{round}: {file.Key}"));
        }
    }

    [Fact]
    public void Unreadable_ManyFiles_AreWeighedAgainstTheOthersOnce()
    {
        Update([.. Enumerable.Range(0, 200).Select(index => ($"{index}.yaml", (string?)Services(0)))]);
        var reasons = Enumerable.Range(0, 1_000).Select(index => ($"b{index}.yaml", "permission denied")).ToList();
        var before = GC.GetAllocatedBytesForCurrentThread();
        _folder.Unreadable(reasons);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 2_000 * reasons.Count);
        Assert.Equal(199 + reasons.Count, _folder.Problems.Count);
    }

    private static string Services(params int[] numbers) =>
        string.Join("\n---\n", numbers.Select(number => Reading.Service($"s{number}")));

    // In bytes, as time would be that of the machine.
    private long Cost((string File, string? Text)[] files)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        Update(files);
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    private IEnumerable<string> Names() => _folder.Content.Services.Select(service => service.Key.Name);

    private void Update(params (string File, string? Text)[] files) =>
        _folder.Update(files.Select(file => Reading.File(file.File, file.Text)));
}
