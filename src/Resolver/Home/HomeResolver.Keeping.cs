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

    private Parsed<Query> QueryOf(FullName name) =>
        Document.Make(new Query { Home = _options.Home.Genesis, Name = name, Subject = _subject });

    // Served at once what is still good after a restart; every part of it is verified again.
    private void Restore(string name)
    {
        if (_answers is not { } folder || _cache.Find(name) is not null
            || !FullName.TryParse(name, out var full, out _) || folder.Load(name) is not { } kept)
        {
            return;
        }

        var (answer, refusal) = Read(kept, QueryOf(full));
        if (answer is not null)
        {
            Step(new CacheInput.Restored(name, answer, kept.SealedSince) { Bytes = kept.Answer.Length });
        }
        else
        {
            Troubles.Note("", name, refusal!.At("kept answer"));
            folder.Drop(name);
        }
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

    // What V58 forbids to serve now must not come back as stale after a restart either.
    private void KeepNoLonger(string name, Refusal reason)
    {
        if (!StaleRule.IsTransport(reason.Failure))
        {
            _answers?.Drop(name);
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
