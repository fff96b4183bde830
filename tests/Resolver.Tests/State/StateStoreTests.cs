using Fairlead.Naming.Traversal;
using Fairlead.Resolver.State;
using Fairlead.TestKit.Answers;

namespace Fairlead.Resolver.Tests.State;

/// <summary>What answers teach all the time is appended, everything else replaces the file; after a crash at any moment
/// the state is the one before or after (V39, 4.11).</summary>
public sealed class StateStoreTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("fairlead-store-").FullName;
    private readonly PeerWorld _world = new();
    private readonly List<VerifierState> _states = [];
    private readonly VerifiedCache _cache = new();

    private string FilePath => Path.Combine(_folder, "verifier.state");

    private string LogPath => FilePath + ".log";

    private HomePin Pin => new(_world.Eu1.Genesis, _world.Eu1.Name);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Answers_OfOneChain_AreAppendedAndReadBack()
    {
        var store = new StateStore(FilePath, "n");
        Assert.True(store.Save(Learn()));
        var whole = File.ReadAllBytes(FilePath);
        for (var i = 0; i < 20; i++)
        {
            Assert.True(store.Save(Learn()));
            Same(_states[^1], Load());
        }

        Assert.Equal(whole, File.ReadAllBytes(FilePath));
        Assert.False(store.Save(_states[^1]));
    }

    [Fact]
    public void Epoch_AfterChanges_ReplacesTheFileAndBeginsAnew()
    {
        var store = new StateStore(FilePath, "n");
        store.Save(Learn());
        store.Save(Learn());
        var old = File.ReadAllBytes(LogPath);
        _world.Us1.Next(_world.Now - 400);
        store.Save(Learn());
        Same(_states[^1], Load());

        // The log that stands beside it is of the file before, as after a crash in between: it may be less than what
        // was used, and is said to be.
        var begun = File.ReadAllBytes(LogPath);
        Assert.NotEqual(old, begun);
        File.WriteAllBytes(LogPath, old);
        Same(_states[^1], Older());
        File.WriteAllBytes(LogPath, begun);
        store.Save(Learn());
        Same(_states[^1], Load());
    }

    /// <summary>Whatever becomes of the log's head, or of the log while the process is down: an older state is never
    /// taken for the newest (V39, V41).</summary>
    [Fact]
    public void Log_WhoseHeadIsDamagedOrThatIsGone_IsAnOlderStateThatSaysSo()
    {
        var store = new StateStore(FilePath, "n");
        store.Save(Learn());
        Same(_states[0], Load());
        store.Save(Learn());
        var log = File.ReadAllBytes(LogPath);
        for (var at = 0; at < StateLog.HeadBytes; at++)
        {
            var bad = log.ToArray();
            bad[at] ^= 4;
            File.WriteAllBytes(LogPath, bad);
            Same(_states[0], Older());
        }

        File.WriteAllBytes(LogPath, log[..(StateLog.HeadBytes - 1)]);
        Same(_states[0], Older());
        File.Delete(LogPath);
        Same(_states[0], Older());

        // What is learned from then on is kept as before.
        var again = new StateStore(FilePath, "n");
        again.Load(Pin);
        Assert.True(again.Save(_states[1]));
        Same(_states[1], Load());
    }

    [Fact]
    public void Log_ThatIsFull_IsWrittenAsAWhole()
    {
        var store = new StateStore(FilePath, "n");
        store.Save(Learn());
        var whole = File.ReadAllBytes(FilePath);
        var saves = 0;
        while (File.ReadAllBytes(FilePath).AsSpan().SequenceEqual(whole))
        {
            Assert.True(++saves < StateLog.FileBytes / 64);
            store.Save(Learn());
        }

        Assert.True(saves > 100, $"{saves}");
        Same(_states[^1], Load());
        store.Save(Learn());
        Same(_states[^1], Load());
    }

    /// <summary>An append is cut off at each of its bytes: nobody used it, and what came before is there.</summary>
    [Fact]
    public void Append_TornAnywhere_IsTheStateBefore()
    {
        var store = new StateStore(FilePath, "n");
        store.Save(Learn());
        store.Save(Learn());
        var before = File.ReadAllBytes(LogPath);
        var old = _states[^1];
        store.Save(Learn());
        var after = File.ReadAllBytes(LogPath);
        var from = before.AsSpan().CommonPrefixLength(after);
        var to = after.AsSpan().LastIndexOfAnyExcept((byte)0) + 1;
        Assert.True(to - from > 100);
        for (var at = from; at < to; at++)
        {
            // Its first bytes reached the disk, or its last ones.
            File.WriteAllBytes(LogPath, [.. after[..at], .. before[at..]]);
            Same(old, Load());
            File.WriteAllBytes(LogPath, [.. before[..(at + 1)], .. after[(at + 1)..]]);
            Same(old, Load());
        }

        // What is left of it is in nobody's way.
        var again = new StateStore(FilePath, "n");
        Same(old, again.Load(Pin)!);
        again.Save(_states[^1]);
        Same(_states[^1], Load());
    }

    [Fact]
    public void Byte_ChangedBeforeTheLastAppend_IsDamageAndNeverAnOlderState()
    {
        var store = new StateStore(FilePath, "n");
        for (var i = 0; i < 4; i++)
        {
            store.Save(Learn());
        }

        var log = File.ReadAllBytes(LogPath);
        var last = log.AsSpan().LastIndexOfAnyExcept((byte)0) + 1;
        store.Save(Learn());
        var longer = File.ReadAllBytes(LogPath);
        for (var at = StateLog.HeadBytes; at < last; at++)
        {
            var bad = longer.ToArray();
            bad[at] ^= 4;
            File.WriteAllBytes(LogPath, bad);
            Assert.Equal(StateError.StateCorrupt, Assert.Throws<StateException>(Load).Error);
        }

        File.WriteAllBytes(LogPath, longer[..last]);
        Assert.Equal(StateError.StateCorrupt, Assert.Throws<StateException>(Load).Error);
    }

    [Fact]
    public void Log_ThatCannotBeWritten_IsNotDurableAndTheNextSaveIsWhole()
    {
        var store = new StateStore(FilePath, "n");
        store.Save(Learn());
        store.Save(Learn());
        File.Delete(LogPath);
        Directory.CreateDirectory(LogPath);
        Assert.Equal(StateError.StateNotDurable, Assert.Throws<StateException>(() => store.Save(Learn())).Error);
        Directory.Delete(LogPath);
        Assert.True(store.Save(_states[^1]));
        Same(_states[^1], Load());
    }

    [Fact]
    public void Looking_WritesNothing()
    {
        var store = new StateStore(FilePath, "n");
        store.Save(Learn());
        store.Save(Learn());
        var torn = File.ReadAllBytes(LogPath);
        torn[torn.AsSpan().LastIndexOfAnyExcept((byte)0)] ^= 1;
        File.WriteAllBytes(LogPath, torn);
        Load();
        Assert.Equal(torn, File.ReadAllBytes(LogPath));
    }

    private static void Same(VerifierState expected, VerifierState found) =>
        Assert.Equal(StateFile.Write(expected, "n"), StateFile.Write(found, "n"));

    private VerifierState Load()
    {
        var store = new StateStore(FilePath, "n");
        var state = store.Load(Pin)!;
        Assert.Null(store.Lost);
        return state;
    }

    private VerifierState Older()
    {
        var store = new StateStore(FilePath, "n");
        var state = store.Load(Pin)!;
        Assert.Equal(StateError.LogLost, store.Lost?.Error);
        return state;
    }

    // One more name under a newer seal, verified as an answer.
    private VerifierState Learn()
    {
        var name = $"svc-{_states.Count}.shop.svc";
        _world.Us1.Put(AnswerLeaves.RecordOf(name, _world.Now, _world.Us1.Publisher))
            .SealAt(_world.Now - 900 + _states.Count);
        var before = _states.Count == 0 ? _world.State : _states[^1];
        var ask = _world.Ask(name);
        var verdict = AnswerVerifier.Verify(before, ask.Query, ask.Record(), _world.Now, null, _cache);
        Assert.True(verdict is Verdict.Accepted, (verdict as Verdict.Refused)?.Refusal.ToString());
        _states.Add(((Verdict.Accepted)verdict).Next);
        return _states[^1];
    }
}
