using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Fairlead.Naming;
using Fairlead.Simulator;
using Xunit;
using Record = Fairlead.Naming.Record;

namespace Fairlead.Governance.Tests.Seals;

/// <summary>
/// One engine under test, a1 of four, with the keys of all: the test plays the other anchors and the publishers. Term
/// 0 is led by a0.
/// </summary>
internal sealed class EngineBench
{
    internal const string Self = "a1";

    private readonly World _world = new(new SimulationOptions(1));
    private long _made;

    internal EngineBench(
        Func<SealEngineOptions, SealEngineOptions>? change = null, bool isReady = true, string self = Self)
    {
        Options = _world.EngineOptions(self, [], null);
        Options = change?.Invoke(Options) ?? Options;
        Engine = new SealEngine(Options, Now);
        Step(new SealInput.Tick());
        if (isReady)
        {
            Answer(["a0", "a2"]);
        }
    }

    internal long Now { get; set; } = VirtualTime.Start;

    internal SealEngineOptions Options { get; }

    internal SealEngine Engine { get; }

    internal Parsed<Epoch> Epoch => _world.Segment.Epoch;

    internal Digest Handover => _world.Segment.Handover.Digest;

    internal World World => _world;

    /// <summary>A state to propose from: what the engine holds.</summary>
    internal LeafState State => Engine.Newest?.State
        ?? LeafState.Start(Reader().OperationTree).Apply((Options.HandoverEntries ?? []).Select(ReadHeld), []);

    internal EntryReader Reader() => new(Options);

    internal IReadOnlyList<SealOutput> Step(SealInput input) => Engine.Step(input, Now);

    internal IReadOnlyList<SealOutput> Receive(string from, SealMessage message) =>
        Step(new SealInput.Receive(from, message));

    internal void Answer(IEnumerable<string> anchors)
    {
        foreach (var anchor in anchors)
        {
            Receive(anchor, new SealMessage.Claim(Engine.Term, false, null, null));
        }
    }

    internal Hex16 Opening() => Hex16.FromBytes(
        SHA256.HashData(Encoding.ASCII.GetBytes($"opening {_made++}")).AsSpan(0, 16));

    internal Record Record(string name = "n1.shop.svc", long? version = null, long life = 100_000) => new()
    {
        Expires = Now + life,
        Issued = Now,
        Kind = RecordKind.Service,
        Name = ServicePart.Parse(name),
        Opening = Opening(),
        Ports = [new Port { Number = 80, Protocol = PortProtocol.Http }],
        Publisher = _world.Publisher.Key.Kid,
        TtlMax = 60_000,
        Uid = Hex16.FromBytes(SHA256.HashData(Encoding.ASCII.GetBytes(name)).AsSpan(0, 16)),
        Version = version ?? Now,
    };

    internal SignedEntry Sign(Record record) =>
        new("record", Envelope.Sign(Document.Make(record), _world.Publisher), []);

    /// <summary>A record with as many slices of nearly the size that one may have.</summary>
    internal SignedEntry SignWide(string name, int slices)
    {
        var record = Record(name);
        var documents = Enumerable.Range(0, slices).Select(i => Document.Make(new Slice
        {
            Endpoints = [new SliceEndpoint { Address = $"10.0.0.{i}" }],
            Ext = Enumerable.Range(0, 60).ToImmutableSortedDictionary(key => $"x{key}", _ => new string('x', 1_000)),
            Name = record.Name,
            Ports = [80],
        })).ToList();
        return Sign(record with
        {
            Slices = [.. documents.Select(one => new SliceReference { Count = 1, Digest = one.Digest })],
        }) with { Slices = [.. documents.Select(one => one.Payload)] };
    }

    internal SignedEntry Sign(Withdraw withdraw) =>
        new("withdraw", Envelope.Sign(Document.Make(withdraw), _world.Publisher), []);

    internal Entry Read(SignedEntry source)
    {
        Assert.Null(Reader().Read(source, out var entry));
        return entry!;
    }

    internal Entry ReadHeld(SignedEntry source)
    {
        Assert.Null(Reader().ReadHeld(source, out var entry));
        return entry!;
    }

    /// <summary>A Witness as an entry; null where its form is bad.</summary>
    internal Entry? ReadWitness(SignedEntry source) =>
        WitnessReader.Read(source, Reader().KeyOf, out var entry, out _) is null ? entry : null;

    /// <summary>A good proposal over the engine's state, which a test then spoils.</summary>
    internal SealMessage.Propose Propose(
        long seq,
        IReadOnlyList<SignedEntry> puts,
        IReadOnlyList<EntryName>? drops = null,
        Func<Seal, Seal>? change = null)
    {
        var entries = puts.Select(put => put.IsWitness ? ReadWitness(put) : Read(put));
        var state = State.Apply(entries.OfType<Entry>(), drops ?? []);
        var seal = new Seal
        {
            Count = state.Tree.Count,
            Epoch = 1,
            EpochDigest = Epoch.Digest,
            Expires = Now + WorldDocuments.Validity,
            Issued = Now,
            Prev = Engine.Newest?.Digest ?? Handover,
            Root = state.Tree.Root,
            Segment = Options.Genesis,
            Seq = seq,
        };
        return new SealMessage.Propose(
            Engine.Term,
            Document.Make(change?.Invoke(seal) ?? seal).Payload,
            Engine.Newest?.Certificate,
            puts,
            drops ?? []);
    }

    internal Envelope Certify(ReadOnlyMemory<byte> seal, params IEnumerable<string> anchors)
    {
        Assert.True(Document.TryParse<Seal>(seal, out var parsed, out _));
        return Envelope.Sign(parsed, anchors.Select(a => _world.Signer($"seal {a}")));
    }

    /// <summary>Has the engine sign a proposal and shows it the certificate.</summary>
    internal IReadOnlyList<SealOutput> Seal(long seq, params IReadOnlyList<SignedEntry> puts)
    {
        var proposal = Propose(seq, puts);
        Assert.Contains(Receive("a0", proposal), o => o is SealOutput.Journal);
        var outputs = Receive("a0", new SealMessage.Certificate(0, Certify(proposal.Seal, "a0", "a1", "a2")));
        Assert.Equal(seq, Engine.Newest?.Seal.Seq);
        return outputs;
    }

    /// <summary>The proposal must be refused with this error, unsigned, and the leader told.</summary>
    internal SealMessage.Refuse Refused(VerificationFailure failure, SealMessage.Propose proposal, string from = "a0")
    {
        var last = Engine.LastSigned;
        var outputs = Receive(from, proposal);
        Assert.DoesNotContain(outputs, o => o is SealOutput.Journal or SealOutput.Send { Message: SealMessage.Vote });
        Assert.Equal(last, Engine.LastSigned);
        var sent = outputs.OfType<SealOutput.Send>().Select(s => s.Message);
        var refuse = Assert.Single(sent.OfType<SealMessage.Refuse>());
        Assert.Equal(failure, refuse.Failure);
        return refuse;
    }

    /// <summary>The entry must be refused with this error and leave nothing behind.</summary>
    internal void Refused(VerificationFailure failure, SignedEntry entry)
    {
        var pending = Engine.Pending;
        var outputs = Step(new SealInput.Publish(77, entry));
        var refused = Assert.Single(outputs.OfType<SealOutput.Refused>());
        Assert.Equal((77, failure), (refused.Token, refused.Refusal.Failure));
        Assert.Equal(pending, Engine.Pending);
        Assert.DoesNotContain(outputs, o => o is SealOutput.Accepted or SealOutput.Broadcast or SealOutput.Journal);
    }
}
