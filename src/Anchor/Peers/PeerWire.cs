using Fairlead.Governance;
using Fairlead.Naming;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Google.Protobuf;
using Google.Protobuf.Collections;
using Entries = System.Collections.Generic.IReadOnlyList<Fairlead.Governance.SignedEntry>;
using EntryName = Fairlead.Governance.EntryName;

namespace Fairlead.Anchor.Peers;

/// <summary>
/// The engine's messages as they travel between anchors. Reading checks lengths and forms only; the engine judges the
/// rest. Stateless.
/// </summary>
internal static class PeerWire
{
    private const int EntriesMax = SealLimits.Changes + SealLimits.NewChanges;

    internal static PeerMessage Write(SealMessage message)
    {
        var wire = new PeerMessage { Term = (ulong)message.Term };
        switch (message)
        {
            case SealMessage.Claim claim:
                wire.Claim =
                    new PeerClaim { Asks = claim.Asks, Newest = Write(claim.Newest), Yours = Write(claim.Yours) };
                break;
            case SealMessage.Entries entries:
                wire.Entries = new PeerEntries();
                wire.Entries.Entries.AddRange(entries.List.Select(EntryWire.Write));
                break;
            case SealMessage.Propose propose:
                wire.Propose = new PeerPropose { Seal = Bytes(propose.Seal), Prev = Write(propose.Prev) };
                wire.Propose.Puts.AddRange(propose.Puts.Select(EntryWire.Write));
                wire.Propose.Drops.AddRange(propose.Drops.Select(Write));
                break;
            case SealMessage.Vote vote:
                wire.Vote = new PeerVote
                {
                    Seq = (ulong)vote.Seq,
                    Seal = WireWriter.ToBytes(vote.Seal),
                    Signature =
                        new Sig { Kid = WireWriter.ToBytes(vote.Signature.Kid), Value = Bytes(vote.Signature.Value) },
                };
                break;
            case SealMessage.Refuse refuse:
                wire.Refuse = Write(refuse);
                break;
            case SealMessage.Certificate certificate:
                wire.Certificate = WireWriter.ToMessage(certificate.Seal);
                break;
            case SealMessage.Fetch fetch:
                wire.Fetch = new PeerFetch
                {
                    Seal = WireWriter.ToBytes(fetch.Seal),
                    Have = WireWriter.ToBytes(fetch.Have),
                    After = fetch.After is { } after ? Write(after) : null,
                };
                break;
            case SealMessage.State state:
                wire.State = Write(state);
                break;
            default:
                throw new InvalidOperationException($"no wire form for {message.GetType().Name}");
        }

        return wire;
    }

    /// <summary>Reads a message; null where its form is bad.</summary>
    internal static SealMessage? Read(PeerMessage wire)
    {
        var term = (long)wire.Term;
        return wire.KindCase switch
        {
            _ when term < 0 => null,
            PeerMessage.KindOneofCase.Claim =>
                TryRead(wire.Claim.Newest, out var newest) && TryRead(wire.Claim.Yours, out var yours)
                ? new SealMessage.Claim(term, wire.Claim.Asks, newest, yours)
                : null,
            PeerMessage.KindOneofCase.Entries => TryRead(wire.Entries.Entries, out var entries)
                ? new SealMessage.Entries(term, entries)
                : null,
            PeerMessage.KindOneofCase.Propose => TryRead(wire.Propose.Prev, out var prev)
                && TryRead(wire.Propose.Puts, out var puts) && TryRead(wire.Propose.Drops, out var drops)
                ? new SealMessage.Propose(term, wire.Propose.Seal.Memory, prev, puts, drops)
                : null,
            PeerMessage.KindOneofCase.Vote => ReadVote(term, wire.Vote),
            PeerMessage.KindOneofCase.Refuse => ReadRefusal(term, wire.Refuse),
            PeerMessage.KindOneofCase.Certificate => TryRead(wire.Certificate, out var certificate)
                ? new SealMessage.Certificate(term, certificate!)
                : null,
            PeerMessage.KindOneofCase.Fetch => ReadFetch(term, wire.Fetch),
            PeerMessage.KindOneofCase.State => ReadState(term, wire.State),
            _ => null,
        };
    }

    private static PeerRefuse Write(SealMessage.Refuse refuse)
    {
        var wire = new PeerRefuse
        {
            Seq = (ulong)refuse.Seq,
            Failure = refuse.Failure.ToString(),
            Detail = refuse.Detail,
            LastPlusOne = (ulong)(refuse.Last + 1),
            Newest = Write(refuse.Newest),
        };
        wire.Missing.AddRange(refuse.Missing.Select(EntryWire.Write));
        return wire;
    }

    private static PeerState Write(SealMessage.State state)
    {
        var wire = new PeerState
        {
            Seal = WireWriter.ToMessage(state.Seal),
            Base = state.Base is { } start ? WireWriter.ToBytes(start) : ByteString.Empty,
            More = state.More,
        };
        wire.Puts.AddRange(state.Puts.Select(EntryWire.Write));
        wire.Drops.AddRange(state.Drops.Select(Write));
        return wire;
    }

    private static SealMessage.Vote? ReadVote(long term, PeerVote vote) =>
        WireReader.TryRead(vote.Seal, out Digest seal, out _) && vote.Signature is not null
        && WireReader.TryRead(vote.Signature.Kid, out Digest kid, out _) && vote.Signature.Value.Length == 64
            ? new SealMessage.Vote(term, (long)vote.Seq, seal, new SignatureEntry(kid, vote.Signature.Value.Memory))
            : null;

    private static SealMessage.Refuse? ReadRefusal(long term, PeerRefuse refuse) =>
        RpcFailures.TryParse(refuse.Failure, out var failure) && TryRead(refuse.Missing, out var missing)
        && TryRead(refuse.Newest, out var newest)
            ? new SealMessage.Refuse(
                term, (long)refuse.Seq, failure, refuse.Detail, (long)refuse.LastPlusOne - 1, missing, newest)
            : null;

    private static SealMessage.Fetch? ReadFetch(long term, PeerFetch fetch) =>
        WireReader.TryRead(fetch.Seal, out Digest seal, out _) && WireReader.TryRead(fetch.Have, out Digest have, out _)
            ? new SealMessage.Fetch(
                term, seal, have, fetch.After is { } after ? new EntryName((LeafClass)after.Class, after.Name) : null)
            : null;

    private static SealMessage.State? ReadState(long term, PeerState state)
    {
        Digest? start = null;
        if (!state.Base.IsEmpty)
        {
            if (!WireReader.TryRead(state.Base, out Digest digest, out _))
            {
                return null;
            }

            start = digest;
        }

        return TryRead(state.Seal, out var seal) && seal is not null && TryRead(state.Puts, out var puts)
            && TryRead(state.Drops, out var drops)
            ? new SealMessage.State(term, seal, start, puts, drops, state.More)
            : null;
    }

    private static Signed? Write(Envelope? envelope) => envelope is null ? null : WireWriter.ToMessage(envelope);

    private static Protocol.V1.EntryName Write(EntryName name) => new() { Class = (uint)name.Class, Name = name.Name };

    private static bool TryRead(Signed? wire, out Envelope? envelope)
    {
        envelope = null;
        return wire is null || WireReader.TryRead(wire, out envelope, out _);
    }

    private static bool TryRead(RepeatedField<Protocol.V1.Entry> wire, out Entries entries)
    {
        var list = new List<SignedEntry>(wire.Count);
        entries = list;
        if (wire.Count > EntriesMax)
        {
            return false;
        }

        foreach (var one in wire)
        {
            if (EntryWire.Read(one) is not { } entry)
            {
                return false;
            }

            list.Add(entry);
        }

        return true;
    }

    private static bool TryRead(RepeatedField<Protocol.V1.EntryName> wire, out IReadOnlyList<EntryName> names)
    {
        names = [.. wire.Select(name => new EntryName((LeafClass)name.Class, name.Name))];
        return wire.Count <= EntriesMax;
    }

    private static ByteString Bytes(ReadOnlyMemory<byte> bytes) => UnsafeByteOperations.UnsafeWrap(bytes);
}
