using System.Text;
using Fairlead.Controller.Manifests;
using Fairlead.TestKit;
using Fairlead.TestKit.Processes;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Controller.Tests;

/// <summary>Real folders and real events; the scans themselves are the barriers.</summary>
public sealed class ManifestWatcherTests : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private readonly string _folder = Directory.CreateTempSubdirectory("fairlead-watch-").FullName;
    private readonly CancellationTokenSource _stop =
        CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);

    private ManifestWatcher? _watcher;
    private IAsyncEnumerator<ManifestScan>? _scans;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        if (_scans is not null)
        {
            await _scans.DisposeAsync();
        }

        _watcher?.Dispose();
        _stop.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Scans_FirstIsTheWholeFolder_AndNothingElse()
    {
        Write("b.yml", "2");
        Write("a.yaml", "1");
        Write(".hidden.yaml", "x");
        Write("notes.txt", "x");
        Write("a.yaml~", "x");
        Directory.CreateDirectory(Path.Combine(_folder, "sub.yaml"));
        Start(TimeProvider.System);
        Assert.Equal(["a.yaml=1", "b.yml=2"], (await NextAsync()).Order(StringComparer.Ordinal));
    }

    /// <summary>Each user has so many listeners of the file system, which other programs may have used up.</summary>
    [Fact]
    public async Task Scans_WhereNothingCanBeListenedFor_ComeByTheTimer()
    {
        var time = new ManualTimeProvider();
        var calls = 0;
        Start(time, _ =>
        {
            calls++;
            throw new IOException("the user limit on inotify instances has been reached");
        });
        Assert.Empty(await NextAsync());
        Write("a.yaml", "1");
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(["a.yaml=1"], await NextAsync());
        Assert.Equal(1, calls);
    }

    [Fact]
    public async Task Scans_RenamedInto_IsReadWhole()
    {
        Start(TimeProvider.System);
        Assert.Empty(await NextAsync());
        for (var round = 0; round < 5; round++)
        {
            var text = round + new string('x', 200_000);
            Write(".a.tmp", text);
            File.Move(Path.Combine(_folder, ".a.tmp"), Path.Combine(_folder, "a.yaml"), overwrite: true);
            Assert.Equal([$"a.yaml={text}"], await NextAsync());
        }
    }

    [Fact]
    public async Task Scans_WrittenBesideAndRenamedInto_WaitForNothing()
    {
        // The moment of quiet would never be over.
        Start(new ManualTimeProvider());
        Assert.Empty(await NextAsync());
        Write("a.yaml.tmp", "1");
        File.Move(Path.Combine(_folder, "a.yaml.tmp"), Path.Combine(_folder, "a.yaml"));
        Assert.Equal(["a.yaml=1"], await NextAsync());
    }

    [Fact]
    public async Task Scans_WrittenInPlaceAndDeleted_AreSeen()
    {
        Start(TimeProvider.System);
        Assert.Empty(await NextAsync());
        Write("a.yaml", "1");
        Assert.Equal("a.yaml=1", (await NextAsync())[^1]);
        Write("a.yaml", "2");
        Assert.Equal("a.yaml=2", await UntilAsync("a.yaml=2"));
        File.Delete(Path.Combine(_folder, "a.yaml"));
        Assert.Equal("a.yaml=(gone)", await UntilAsync("a.yaml=(gone)"));
    }

    [Fact]
    public async Task Scans_EditorThatMovesTheOldFileAway_NeverLosesIt()
    {
        Write("a.yaml", "1");
        Start(TimeProvider.System);
        await NextAsync();
        // As vim does with backupcopy=no: a spare copy by rename, a new file, the spare removed.
        File.Move(Path.Combine(_folder, "a.yaml"), Path.Combine(_folder, "a.yaml~"));
        Write("a.yaml", "2");
        File.Delete(Path.Combine(_folder, "a.yaml~"));
        Assert.Equal(["a.yaml=2"], await NextAsync());
    }

    [Fact]
    public async Task Scans_SameBytesAgain_SayNothing()
    {
        Write("a.yaml", "1");
        Start(TimeProvider.System);
        await NextAsync();
        Write("a.yaml", "1");
        Write("b.yaml", "1");
        Assert.Equal("b.yaml=1", Assert.Single(await NextAsync()));
    }

    [Fact]
    public async Task Scans_MountedConfigMap_FollowsTheLinks()
    {
        // What the kubelet does: files are links into ..data, which is itself a link that is swapped.
        Version("v1", "1");
        File.CreateSymbolicLink(Path.Combine(_folder, "..data"), "v1");
        File.CreateSymbolicLink(Path.Combine(_folder, "a.yaml"), Path.Combine("..data", "a.yaml"));
        Start(TimeProvider.System);
        Assert.Equal(["a.yaml=1"], await NextAsync());
        Version("v2", "2");
        Directory.Delete(Path.Combine(_folder, "..data"));
        File.CreateSymbolicLink(Path.Combine(_folder, "..data"), "v2");
        Assert.Equal(["a.yaml=2"], await NextAsync());

        void Version(string name, string text)
        {
            Directory.CreateDirectory(Path.Combine(_folder, name));
            File.WriteAllText(Path.Combine(_folder, name, "a.yaml"), text);
        }
    }

    [Fact]
    public async Task Scans_WithoutEvents_ATimerLooks()
    {
        var time = new ManualTimeProvider();
        var target = Path.Combine(_folder, "away");
        Directory.CreateDirectory(target);
        File.WriteAllText(Path.Combine(target, "real"), "1");
        File.CreateSymbolicLink(Path.Combine(_folder, "a.yaml"), Path.Combine("away", "real"));
        Start(time);
        Assert.Equal(["a.yaml=1"], await NextAsync());
        var next = NextAsync();
        // Behind the link, where no event of this folder tells of it.
        File.WriteAllText(Path.Combine(target, "real"), "2");
        time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(["a.yaml=2"], await next);
    }

    [Fact]
    public void Scan_UnreadableFile_IsToldOnce()
    {
        // A folder's own link target that is a folder cannot be read as a file, even by root.
        Directory.CreateDirectory(Path.Combine(_folder, "dir"));
        Write("a.yaml", "1");
        var scanner = new FolderScanner(_folder);
        Assert.Single(scanner.Scan(null).Changes);
        File.Delete(Path.Combine(_folder, "a.yaml"));
        File.CreateSymbolicLink(Path.Combine(_folder, "a.yaml"), "a.yaml");
        var told = scanner.Scan(null);
        Assert.Equal("a.yaml", Assert.Single(told.Unreadable).File);
        Assert.Empty(told.Changes);
        Assert.True(scanner.Scan(null).IsEmpty);
    }

    /// <summary>A folder that cannot be listed is not an empty one.</summary>
    [Fact]
    public async Task Scans_FolderThatCannotBeListed_SayNothingUntilItCan()
    {
        var time = new ManualTimeProvider();
        using var watcher = Watch(Path.Combine(_folder, "manifests"), time);
        Directory.Move(Path.Combine(_folder, "manifests"), Path.Combine(_folder, "away"));
        var next = NextAsync();
        Assert.False(next.IsCompleted);
        Assert.NotNull(watcher.Failure);
        Directory.CreateDirectory(Path.Combine(_folder, "other"));
        Write("other/a.yaml", "1");

        // Another folder in its place: what listened to the first one hears nothing of it.
        Directory.Move(Path.Combine(_folder, "other"), Path.Combine(_folder, "manifests"));
        time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(["a.yaml=1"], await next);
        Assert.Null(watcher.Failure);
        Write("manifests/b.tmp", "2");
        File.Move(Path.Combine(_folder, "manifests", "b.tmp"), Path.Combine(_folder, "manifests", "b.yaml"));
        Assert.Equal(["b.yaml=2"], await NextAsync());
    }

    [Fact]
    public void Scan_LinkToNothing_IsUnreadableUntilItLeadsSomewhere()
    {
        var scanner = new FolderScanner(_folder);
        File.CreateSymbolicLink(Path.Combine(_folder, "a.yaml"), "real");
        var told = scanner.Scan(null);
        Assert.Equal("a.yaml", Assert.Single(told.Unreadable).File);
        Assert.Empty(told.Changes);
        Assert.True(scanner.Scan(null).IsEmpty);
        Write("real", "1");
        Assert.Equal("a.yaml", Assert.Single(scanner.Scan(null).Changes).File);

        // As while a ConfigMap is swapped: what was read stays.
        File.Delete(Path.Combine(_folder, "real"));
        Assert.True(scanner.Scan(null).IsEmpty);
        File.Delete(Path.Combine(_folder, "a.yaml"));
        Assert.Equal(("a.yaml", null), Assert.Single(scanner.Scan(null).Changes));
    }

    [Fact]
    public void Scan_ListingThatBreaksOff_LosesNoChange()
    {
        Write("a.yaml", "1");
        var breaks = true;
        var scanner = new FolderScanner(_folder, List);
        Assert.Throws<IOException>(() => scanner.Scan(null));
        breaks = false;
        Assert.Equal("a.yaml", Assert.Single(scanner.Scan(new HashSet<string>()).Changes).File);

        IEnumerable<FileInfo> List(string folder)
        {
            foreach (var file in new DirectoryInfo(folder).EnumerateFiles())
            {
                yield return file;
            }

            if (breaks)
            {
                throw new IOException("broken off");
            }
        }
    }

    /// <summary>Which of them are listed is the file system's choice: the others are not gone.</summary>
    [Fact]
    public void Scan_MoreFilesThanAreRead_IsNoScan()
    {
        var file = new FileInfo(Path.Combine(_folder, "a.yaml"));
        var scanner = new FolderScanner(_folder, _ => Enumerable.Repeat(file, 100_001));
        Assert.Contains(
            "more than 100000", Assert.Throws<IOException>(() => scanner.Scan(null)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Scan_LinkThatLeadsNowhere_IsToldOnce_AndReadOnceItLeadsSomewhere()
    {
        File.CreateSymbolicLink(Path.Combine(_folder, "a.yaml"), "away");
        var scanner = new FolderScanner(_folder);
        Assert.Equal([("a.yaml", "a link to away, which is not there")], scanner.Scan(null).Unreadable);
        Assert.True(scanner.Scan(null).IsEmpty);
        Write("away", "1");
        Assert.Equal("a.yaml", Assert.Single(scanner.Scan(null).Changes).File);
    }

    /// <summary>The kubelet takes the file away first, and the link to it a moment later.</summary>
    [Fact]
    public void Scan_LinkThatLedSomewhere_IsToldAtTheSecondScanInARow()
    {
        Write("away", "1");
        File.CreateSymbolicLink(Path.Combine(_folder, "a.yaml"), "away");
        var scanner = new FolderScanner(_folder);
        Assert.Single(scanner.Scan(null).Changes);
        File.Delete(Path.Combine(_folder, "away"));
        Assert.True(scanner.Scan(null).IsEmpty);
        Write("away", "1");
        Assert.True(scanner.Scan(null).IsEmpty);
        File.Delete(Path.Combine(_folder, "away"));
        Assert.True(scanner.Scan(null).IsEmpty);
        var told = scanner.Scan(null);
        Assert.Equal([("a.yaml", "a link to away, which is not there")], told.Unreadable);
        Assert.Empty(told.Changes);
        File.Delete(Path.Combine(_folder, "a.yaml"));
        Assert.Equal([("a.yaml", null)], scanner.Scan(null).Changes);
    }

    [Fact]
    public void Scan_ManifestThatIsAPipe_IsTold()
    {
        OddFiles.Pipe(_folder, "a.yaml");
        Assert.Equal(
            [("a.yaml", "it is a pipe, not a regular file")], new FolderScanner(_folder).Scan(null).Unreadable);
    }

    private void Write(string file, string text) => File.WriteAllText(Path.Combine(_folder, file), text);

    private void Start(TimeProvider time, Action<FileSystemWatcher>? listen = null) =>
        _watcher = Watch(_folder, time, listen);

    private ManifestWatcher Watch(string folder, TimeProvider time, Action<FileSystemWatcher>? listen = null)
    {
        Directory.CreateDirectory(folder);
        var watcher = new ManifestWatcher(
            folder, TimeSpan.FromMilliseconds(10), TimeSpan.FromSeconds(5), time, NullLogger.Instance, listen);
        _scans = watcher.ScansAsync(_stop.Token).GetAsyncEnumerator(_stop.Token);
        return watcher;
    }

    private async Task<List<string>> NextAsync()
    {
        Assert.True(await _scans!.MoveNextAsync().AsTask().WaitAsync(Patience, _stop.Token));
        return [.. _scans.Current.Changes.Select(change =>
            $"{change.File}={(change.Bytes is null ? "(gone)" : Encoding.UTF8.GetString(change.Bytes))}")];
    }

    private async Task<string> UntilAsync(string wanted)
    {
        while (true)
        {
            foreach (var change in await NextAsync())
            {
                if (change == wanted)
                {
                    return change;
                }
            }
        }
    }
}
