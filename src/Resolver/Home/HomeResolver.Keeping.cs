using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol;
using Fairlead.Resolver.State;
using Google.Protobuf;
using Query = Fairlead.Naming.Query;

namespace Fairlead.Resolver.Home;

/// <content>What outlives the process, and what newer epochs do to the names held. All on the resolver's
/// task.</content>
public sealed partial class HomeResolver
{
    private readonly Dictionary<Naming.Digest, (long Number, bool IsSealed, int Proofs)> _learned = [];
    private AnswerFolder? _answers;

    // The most kept answers that are verified in one turn.
    private const int RestoredMax = 32;

    // Kept answers that could not be judged, by the moment of the wall clock from which on they can be.
    private readonly PriorityQueue<string, long> _unjudged = new();

    private Parsed<Query> QueryOf(FullName name) =>
        Document.Make(new Query { Home = _options.Home.Genesis, Name = name, Subject = _subject });

    // Served at once what is still good after a restart; every part of it is verified again.
    private void Restore(string name)
    {
        if (_cache.Find(name) is null)
        {
            RestoreNow(name);
        }
    }

    private void RestoreNow(string name)
    {
        if (_answers is not { } folder
            || !FullName.TryParse(name, out var full, out _) || folder.Load(name) is not { } kept)
        {
            return;
        }

        // A clock that is wrong here is no fault of the answer: it is looked at again when the clock is beyond that.
        var state = Memory.State;
        var from = Math.Max(kept.VerifiedAt, state.TimeFloor) - state.ClockDelta;
        var isEarly = from > Now().Wall;
        if (isEarly && _unjudged.Count < _options.NamesMax)
        {
            _unjudged.Enqueue(name, from);
        }

        var (answer, refusal) = Read(kept, QueryOf(full));
        if (answer is not null)
        {
            Step(new CacheInput.Restored(name, answer, kept.SealedSince) { Bytes = kept.Answer.Length });
        }
        else
        {
            Troubles.Note("", name, refusal!.At("kept answer"));
            if (!isEarly && FailureKinds.Of(refusal) != FailureKind.Own)
            {
                folder.Drop(name);
            }
        }
    }

    // Each is verified, which takes long for thousands: what else there is to do is done in between.
    private void RestoreSome()
    {
        if (!_met.Task.IsCompleted)
        {
            return;
        }

        var left = RestoredMax;
        while (left > 0 && (_firstTurns.TryPop(out var name) || _turns.TryDequeue(out name)))
        {
            if (TakeFromEarly(name))
            {
                left--;
                Begin(name);
            }
        }

        left = RestoreWhatCanBeJudged(left);
        if (left == 0)
        {
            Post(new ResolverEvent.More());
        }
    }

    private void Begin(string name)
    {
        Restore(name);
        Step(new CacheInput.Want(name));
    }

    private bool TakeFromEarly(string name)
    {
        lock (_cacheGate)
        {
            return _early.Remove(name);
        }
    }

    // What nobody wants any more, or was answered since, is left.
    private int RestoreWhatCanBeJudged(int left)
    {
        while (left > 0 && _unjudged.TryPeek(out var name, out var from) && from <= Now().Wall)
        {
            _unjudged.Dequeue();
            if (_cache.Find(name) is { Answer: null })
            {
                left--;
                RestoreNow(name);
            }
        }

        return left;
    }

    private (VerifiedAnswer? Answer, Refusal? Refusal) Read(KeptAnswer kept, Parsed<Query> query)
    {
        if (!WireReader.TryReadAnswer(kept.Answer, out var raw, out var refusal))
        {
            return (null, refusal);
        }

        return Memory.VerifyKept(query, raw, kept.VerifiedAt, Now().Wall);
    }

    // Epochs are in the verifier's state already.
    private void Keep(string name, VerifiedAnswer answer, UnverifiedAnswer raw)
    {
        if (_answers is { } folder && answer.RecordDigest is not null && _cache.Find(name) is { } held
            && ReferenceEquals(held.Answer, answer))
        {
            var bare = raw with { Hops = [.. raw.Hops.Select(hop => hop with { Epochs = [] })] };
            folder.Keep(new KeptAnswer(
                name, WireWriter.ToMessage(bare).ToByteArray(), answer.VerifiedAt, held.SealedSince));
        }
    }

    private void OnCorrupt(string name, StateException fault) =>
        Troubles.Note("", name, fault.Error == StateError.StateNotDurable
            ? fault.Refuse("kept answer")
            : new Refusal(VerificationFailure.BadEnvelope, "kept answer", fault.Message));

    // Trust 4.7: who knows a newer epoch looks at what was verified under the one before; so does who knows of misused
    // keys (V38).
    private void Learn()
    {
        foreach (var (genesis, segment) in Memory.State.Segments)
        {
            var known = (
                segment.NewestNumber, segment.Seal?.Epoch == segment.NewestNumber, segment.Evidence.Length);
            if (!_learned.TryGetValue(genesis, out var before) || before != known)
            {
                _learned[genesis] = known;
                Step(new CacheInput.Learned(segment));
            }
        }
    }
}
