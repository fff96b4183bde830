using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Resolver.Home;
using Fairlead.TestKit;
using Fairlead.TestKit.Answers;

namespace Fairlead.Resolver.Tests.Home;

/// <summary>What a refused answer leaves behind: nothing, but for what it proves (V38, V39), and epochs where it is
/// only over.</summary>
public sealed class VerifierMemoryTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("fairlead-memory-").FullName;
    private readonly PeerWorld _world = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Answer_ThatProvesAMisuse_QuarantinesItsSegmentAlsoOverARestart()
    {
        var memory = Memory();
        Assert.NotNull(Verify(memory).Answer);
        _world.Us1.Seq--;
        _world.Us1.Put(AnswerLeaves.RecordOf("cart.shop.svc", _world.Now, _world.Us1.Publisher))
            .SealAt(_world.Now - 500);
        Assert.Equal(VerificationFailure.SealEquivocation, Verify(memory).Refusal?.Failure);

        _world.Us1.SealAt(_world.Now - 400);
        Assert.Equal(VerificationFailure.SegmentQuarantined, Verify(memory).Refusal?.Failure);
        Assert.Equal(VerificationFailure.SegmentQuarantined, Verify(Memory()).Refusal?.Failure);

        _world.Us1.Next(_world.Now - 300).SealAt(_world.Now - 200);
        Assert.NotNull(Verify(Memory()).Answer);
    }

    /// <summary>A refusal writes nothing, however often it comes.</summary>
    [Fact]
    public void Answer_Refused_LeavesStateAndFileAsTheyWere()
    {
        var memory = Memory();
        Assert.NotNull(Verify(memory).Answer);
        var (state, file) = (memory.State, Path.Combine(_folder, "verifier.state"));
        var (bytes, written) = (File.ReadAllBytes(file), File.GetLastWriteTimeUtc(file));
        _world.Us1.Next(_world.Now - 400).SealAt(_world.Now - 300);
        var lie = _world.Answer() with { Slices = [] };
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(
                VerificationFailure.SliceMismatch, memory.Verify(_world.Ask().Query, lie, _world.Now).Refusal?.Failure);
        }

        Assert.Same(state, memory.State);
        Assert.Equal(bytes, File.ReadAllBytes(file));
        Assert.Equal(written, File.GetLastWriteTimeUtc(file));
        Assert.NotNull(Verify(memory).Answer);
        Assert.NotEqual(bytes, File.ReadAllBytes(file));
    }

    /// <summary>Whoever reads it waits for no verification: of thousands of names each would hold a thread.</summary>
    [Fact]
    public void State_IsRead_WhileAnAnswerIsVerified()
    {
        var seen = new List<(bool, bool)>();
        VerifierMemory memory = null!;
        memory = Memory(help: new SignatureHelp(1, _ =>
        {
            var (state, heads) = (Task.Run(() => memory.State), Task.Run(() => memory.NeedsHeads));
            seen.Add((state.Wait(TimeSpan.FromMinutes(2)), heads.Wait(TimeSpan.FromMinutes(2))));
        }));
        Assert.NotNull(Verify(memory).Answer);
        Assert.Equal([(true, true)], seen.Distinct());
    }

    /// <summary>An answer that meets a bug of the verifier is refused as any other; those beside it count.</summary>
    [Fact]
    public void Answer_ThatMeetsABug_IsRefusedAlone()
    {
        var memory = Memory();
        var (query, answer) = (_world.Ask().Query, _world.Answer());
        var results = memory.Verify(
            [(query, answer with { Slices = default }, []), (query, answer, [])], _world.Now);
        Assert.Equal(VerificationFailure.BadEnvelope, results[0].Refusal?.Failure);
        Assert.NotNull(results[1].Answer);

        // One that was kept would meet it at each start, and evidence comes as answers do.
        var (kept, refusal) = memory.VerifyKept(query, answer with { Slices = default }, _world.Now, _world.Now);
        Assert.Equal((null, VerificationFailure.BadEnvelope), (kept, refusal?.Failure));
        var piece = new Contradiction(ContradictionKind.Certificates, _world.Us1.Genesis, null!, null!);
        Assert.Equal(VerificationFailure.BadEnvelope, memory.Take(piece)?.Failure);
    }

    /// <summary>A name that there is no room for is refused alone: the epoch that came with it is kept, and the names
    /// that are known go on.</summary>
    [Fact]
    public void Answer_ThereIsNoRoomFor_IsRefusedAloneAndItsEpochsAreKept()
    {
        var free = Memory();
        Assert.NotNull(Verify(free).Answer);
        var held = StateRoom.BytesOf(free.State);
        var memory = Memory(2 * held);
        Assert.NotNull(Verify(memory).Answer);

        // Names until what is remembered of the neighbour is more than what is free.
        Refusal? full = null;
        for (var i = 0; full is null; i++)
        {
            Assert.InRange(i, 0, 100);
            full = New(memory, $"n{i}").Refusal;
        }

        Assert.Equal((VerificationFailure.StateNotDurable, true), (full.Failure, full.IsOfNameAlone));
        Assert.Contains(_world.Us1.Genesis.ToString(), full.Where, StringComparison.Ordinal);
        var before = memory.State;

        _world.Us1.Next(_world.Now - 300).SealAt(_world.Now - 200);
        Assert.True(New(memory, "late").Refusal!.IsOfNameAlone);
        Assert.Equal(_world.Us1.Newest.Digest, memory.State.Segments[_world.Us1.Genesis].Newest.Digest);
        Assert.Equal(before.Pins, memory.State.Pins);
        Assert.Equal(
            before.Segments[_world.Us1.Genesis].Floors, memory.State.Segments[_world.Us1.Genesis].Floors);

        // The known one, without the epochs that the stream has said.
        var known = _world.Ask();
        known.Epochs = static (_, _) => [];
        Assert.NotNull(memory.Verify(known.Query, known.Record(_world.East, _world.West), _world.Now).Answer);
    }

    /// <summary>A decision or a record that is over by this clock and not yet by the anchor's is no lie: the epochs
    /// that came with it, which a stream says but once, are kept, also those of the hops behind it.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(null)]
    public void Answer_ThatIsOver_LeavesItsEpochsAndNothingElse(int? attestOf)
    {
        var memory = Memory();
        if (attestOf is null)
        {
            Assert.NotNull(Verify(memory).Answer);
            _world.Us1.Put(_world.Record with { Expires = _world.Now - 1, Version = _world.Record.Version + 1 });
        }

        _world.Us1.Next(_world.Now - 400).SealAt(_world.Now - 300);
        var before = memory.State;
        var late = _world.Ask();
        late.ChangeAttest = (hop, attest) => hop != attestOf ? attest : attest with
        {
            Issued = _world.Now - 20_000, Expires = _world.Now - 1, Renew = _world.Now - 10_000,
        };
        Assert.Equal(
            attestOf is null ? VerificationFailure.RecordExpired : VerificationFailure.AttestationExpired,
            memory.Verify(late.Query, late.Record(_world.East, _world.West), _world.Now).Refusal?.Failure);
        Assert.Equal(_world.Us1.Newest.Digest, memory.State.Segments[_world.Us1.Genesis].Newest.Digest);
        Assert.Equal((before.Pins, before.TimeFloor), (memory.State.Pins, memory.State.TimeFloor));
        Assert.Equal(
            before.Segments.GetValueOrDefault(_world.Us1.Genesis)?.Seal,
            memory.State.Segments[_world.Us1.Genesis].Seal);

        _world.Us1.Put(_world.Record with { Version = _world.Record.Version + 2 }).SealAt(_world.Now - 200);
        var next = _world.Ask();
        next.Epochs = static (_, _) => [];
        var (answer, refusal) = memory.Verify(next.Query, next.Record(_world.East, _world.West), _world.Now);
        Assert.True(answer is not null, refusal?.ToString());
    }

    /// <summary>What a hop behind that lies about is not kept, and names no other error than the first.</summary>
    [Fact]
    public void Answer_ThatIsOverAndLiesBehind_TeachesNothingOfTheLie()
    {
        var memory = Memory();
        Assert.NotNull(Verify(memory).Answer);
        var before = memory.State;
        _world.Us1.Next(_world.Now - 400).SealAt(_world.Now - 300);
        var late = _world.Ask();
        late.ChangeAttest = (hop, attest) => hop != 0 ? attest : attest with
        {
            Issued = _world.Now - 20_000, Expires = _world.Now - 1, Renew = _world.Now - 10_000,
        };
        var lie = late.Record(_world.East, _world.West);
        var newest = lie.Hops[1].Epochs[^1];
        lie = lie with
        {
            Hops = lie.Hops.SetItem(1, lie.Hops[1] with
            {
                Epochs = lie.Hops[1].Epochs.SetItem(
                    lie.Hops[1].Epochs.Length - 1,
                    newest with { Vote = newest.Vote with { Signatures = lie.Hops[1].Epochs[^2].Vote.Signatures } }),
            }),
        };
        Assert.Equal(
            VerificationFailure.AttestationExpired, memory.Verify(late.Query, lie, _world.Now).Refusal?.Failure);
        Assert.Same(before, memory.State);
    }

    private (VerifiedAnswer? Answer, Refusal? Refusal) New(VerifierMemory memory, string service)
    {
        var name = $"{service}.shop.svc";
        var slice = AnswerLeaves.SliceOf(name, "us-east", "10.1.0.1");
        _world.Us1.Put(AnswerLeaves.RecordOf(name, _world.Now - 40_000, _world.Us1.Publisher, slice))
            .SealAt(_world.Now - 200);
        return memory.Verify(_world.Ask(name).Query, _world.Ask(name).Record(slice), _world.Now);
    }

    private (VerifiedAnswer? Answer, Refusal? Refusal) Verify(VerifierMemory memory) =>
        memory.Verify(_world.Ask().Query, _world.Answer(), _world.Now);

    private VerifierMemory Memory(long room = StateRoom.MostBytes, SignatureHelp? help = null) => new(
        new HomePin(_world.Eu1.Genesis, _world.Eu1.Name), [], TestKeys.Signer(1).Key,
        VerifierOptions.Default with { Help = help },
        room == StateRoom.MostBytes ? Path.Combine(_folder, "verifier.state") : null)
    {
        RoomBytes = room,
    };
}
