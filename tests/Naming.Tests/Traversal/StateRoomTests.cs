using System.Text;
using Fairlead.Naming.Traversal;
using Fairlead.TestKit.Answers;
using Xunit;

namespace Fairlead.Naming.Tests.Traversal;

/// <summary>What one neighbour can have a verifier remember, and what is never forgotten for it (V29, V39).</summary>
public sealed class StateRoomTests
{
    private readonly PeerWorld _world = new();
    private readonly VerifierState _start;
    private readonly long _most;

    public StateRoomTests()
    {
        _start = Answers.Accepted(
            AnswerVerifier.Verify(_world.State, _world.Ask().Query, _world.Answer(), _world.Now)).Next;
        _most = 60 * Growth();
    }

    [Fact]
    public void Neighbour_WithEverMoreSegmentsBehindIt_IsRefusedByNameAndOthersAreNot()
    {
        var state = _start;
        var learned = 0;
        Refusal? refusal = null;
        while (Fit(state, Learn(state, $"c{learned}", "us1.internal"), out refusal) is { } next)
        {
            (state, learned) = (next, learned + 1);
        }

        Assert.Equal(VerificationFailure.StateNotDurable, refusal?.Failure);
        Assert.InRange(learned, 15, 21);

        // What is known goes on: a seal that moves grows nothing.
        var known = state.Segments[_world.Us1.Genesis];
        var moved = known with { Seal = known.Seal! with { Seq = known.Seal.Seq + 1 } };
        Assert.NotNull(Fit(state, state with { Segments = state.Segments.SetItem(moved.Genesis, moved) }, out _));

        // Another neighbour, and one behind it. Nothing was forgotten for it.
        var other = Fit(state, Learn(state, "corp", null), out refusal);
        Assert.Null(refusal);
        other = Fit(other!, Learn(other!, "db", "corp"), out refusal);
        Assert.Null(refusal);
        Assert.True(state.Pins.Keys.All(other!.Pins.ContainsKey));
        Assert.True(state.Segments.Keys.All(other.Segments.ContainsKey));

        // However deep below it: the neighbour answers for all that is behind it.
        Assert.Null(Fit(other, Learn(other, "deep", "c3"), out _));
    }

    [Fact]
    public void Chains_ThatNothingIsBoundTo_MakeRoom()
    {
        var state = _start;
        for (var i = 0; i < 500; i++)
        {
            state = Fit(state, state with { Segments = state.Segments.SetItem(Name($"x{i}"), Copy($"x{i}")) }, out _)!;
            Assert.True(StateRoom.BytesOf(state) <= _most);
        }

        Assert.NotNull(Fit(state, Learn(state, "corp", null), out _));
        Assert.True(_start.Segments.Keys.All(state.Segments.ContainsKey));
    }

    /// <summary>What is counted is never less than what is written, and the bound is well within what a file may
    /// be.</summary>
    [Fact]
    public void Bytes_Counted_AreNoLessThanThoseWritten()
    {
        var state = _start;
        for (var i = 0; i < 20; i++)
        {
            state = Learn(state, $"c{i}", "us1.internal");
            Assert.True(StateRoom.BytesOf(state) >= StateFile.Write(state, new string('n', 256)).Length - 1024);
        }

        Assert.True(StateRoom.MostBytes < StateFile.MaxBytes);
    }

    private VerifierState? Fit(VerifierState before, VerifierState after, out Refusal? refusal) =>
        StateRoom.Take(before, after, out refusal, _most) is var taken && refusal is null ? taken : null;

    private long Growth() => StateRoom.BytesOf(Learn(_start, "c", "us1.internal")) - StateRoom.BytesOf(_start);

    // A segment that a neighbour, or one behind it, introduces; null for the home itself.
    private VerifierState Learn(VerifierState state, string label, string? by)
    {
        var source = by is null ? state.Home.Genesis
            : by == "us1.internal" ? _world.Us1.Genesis
            : Name(by);
        return state with
        {
            Segments = state.Segments.SetItem(Name(label), Copy(label)),
            Pins = state.Pins.SetItem(SegmentName.Parse($"{label}.internal"), new Pin(Name(label), source)),
        };
    }

    private SegmentState Copy(string label)
    {
        var epochs = _start.Segments[_world.Us1.Genesis].Epochs;
        return new SegmentState(Name(label), 0, [.. epochs.Select(epoch => epoch.Digest)], epochs);
    }

    private static Digest Name(string label) => Digest.Sha256(Encoding.ASCII.GetBytes(label));
}
