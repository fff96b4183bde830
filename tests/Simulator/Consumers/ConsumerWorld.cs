using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.TestKit.Answers;
using Record = Fairlead.Naming.Record;

namespace Fairlead.Simulator.Consumers;

/// <summary>
/// What is true: acme above eu1 (the home) and us1, corp as eu1's peer, each sealed by its quorum, and since when each
/// name of them is what it is. The demo's policy with a continuity of 8 s. Used on one thread.
/// </summary>
internal sealed class ConsumerWorld
{
    internal const string Checkout = "checkout.shop.svc.us1.acme.internal";
    internal const string Orders = "orders.shop.svc.us1.acme.internal";
    internal const string Nobody = "nobody.shop.svc.us1.acme.internal";
    internal const string Rates = "rates.shop.svc.corp.internal";
    internal const long Continuity = 8_000;
    internal const string HomeDomain = "eu1.example";

    /// <summary>How many anchors of us1 have to admit a consumer: more than it tolerates to be bad.</summary>
    internal const int Attests = 2;

    private readonly Dictionary<string, List<(long From, string What)>> _truth = [];
    private readonly Dictionary<string, Slice> _slices = [];
    private readonly AnswerSegment _falseUs1;
    private UnverifiedHop? _introduction;
    private int _strangers;

    internal ConsumerWorld(long now)
    {
        Acme = AnswerSegment.Create("acme.internal", now - 60_000);
        Eu1 = Child("eu1", now);
        Us1 = Child("us1", now, Attests);
        Corp = AnswerSegment.Create("corp.internal", now - 60_000);
        _falseUs1 = Child("us1", now, Attests);
        Acme.Put(AnswerLeaves.LinkOf(Eu1)).Put(AnswerLeaves.LinkOf(Us1));
        Next(Eu1, now - 50_000, OpType.Peer, epoch => epoch with { Domains = [HomeDomain], Peers = [Corp.Genesis] });
        Next(Corp, now - 50_000, OpType.Peer, epoch => epoch with { Peers = [Eu1.Genesis] });
        Next(Us1, now - 50_000, OpType.Policy, static epoch => epoch);
        Eu1.Put(AnswerLeaves.PeerOf(Corp)).Put(AnswerLeaves.OpenRule());
        Corp.Put(AnswerLeaves.PeerOf(Eu1));
        foreach (var name in new[] { Checkout, Orders, Rates })
        {
            Publish(name, now - 40_000, "10.1.0.1");
        }

        Note(Nobody, now - 40_000, "absent");
        _falseUs1.Put(AnswerLeaves.RecordOf("checkout.shop.svc", now - 40_000, _falseUs1.Publisher))
            .SealAt(now - 1_000);
        foreach (var segment in Segments)
        {
            segment.SealAt(now - 1_000);
        }
    }

    internal static IReadOnlyList<string> Names { get; } = [Checkout, Orders, Nobody, Rates];

    internal AnswerSegment Acme { get; }

    internal AnswerSegment Eu1 { get; }

    internal AnswerSegment Us1 { get; }

    internal AnswerSegment Corp { get; }

    internal IReadOnlyList<AnswerSegment> Segments => [Acme, Eu1, Us1, Corp];

    /// <summary>Whether corp's whole quorum is an attacker's.</summary>
    internal bool IsCorpTaken { get; private set; }

    /// <summary>Whether acme is an attacker's, or gone.</summary>
    internal bool IsAcmeGone { get; set; }

    /// <summary>Whether us1 seals nothing.</summary>
    internal bool IsUs1Down { get; set; }

    /// <summary>Whether us1's denials tell which names exist: a planted mistake.</summary>
    internal bool TellsExistence { get; init; }

    /// <summary>Whether us1 denies the home.</summary>
    internal bool IsDenied { get; private set; }

    internal static bool IsOfCorp(string name) => name == Rates;

    /// <summary>What is known after the home was met: its chain (V63).</summary>
    internal VerifierState Met(long now)
    {
        var state = VerifierState.Start(new HomePin(Eu1.Genesis, Eu1.Name));
        return state.With(EpochChain.Extend(
            null, Eu1.Genesis, null, [.. Eu1.Documents], now, state.ClockDelta).Segment!);
    }

    /// <summary>Whether a segment is there.</summary>
    internal bool Seals(AnswerSegment segment) =>
        !(segment == Us1 && IsUs1Down) && !(segment == Acme && IsAcmeGone);

    /// <summary>A heartbeat of whoever seals.</summary>
    internal void Seal(AnswerSegment segment, long now)
    {
        if (Seals(segment))
        {
            segment.SealAt(now);
        }
    }

    /// <summary>The next version of a name, somewhere else; null withdraws it.</summary>
    internal void Change(string name, long now, string? address)
    {
        var segment = IsOfCorp(name) ? Corp : Us1;
        if (address is null)
        {
            segment.Remove(LeafClass.Record, Service(name));
            Note(name, now, "absent");
        }
        else
        {
            Publish(name, now, address);
        }

        Seal(segment, now);
    }

    /// <summary>us1 denies the home, or admits it again.</summary>
    internal void Decide(long now, bool isDenied)
    {
        IsDenied = isDenied;
        Next(Us1, now, OpType.Policy, epoch => epoch with
        {
            Policy = epoch.Policy with { MaxTtl = 300_000 - epoch.Number },
        });
        Seal(Us1, now);
        foreach (var name in Names.Where(name => !IsOfCorp(name)))
        {
            Note(name, now, isDenied ? "denied" : RecordOf(name) is { } record ? WhatOf(record) : "absent");
        }
    }

    /// <summary>What concerns nobody here: another child of acme's, or a renewal.</summary>
    internal void Strangers(long now, AnswerSegment segment)
    {
        if (segment == Acme)
        {
            var stranger = AnswerSegment.Create($"s{_strangers++}.acme.internal", now - 1_000, anchors: 1, faults: 0);
            Acme.Put(AnswerLeaves.LinkOf(stranger));
        }

        Next(segment, now, segment == Acme ? OpType.Join : OpType.Renew, static epoch => epoch);
        Seal(segment, now);
    }

    /// <summary>Whoever has all of corp's keys publishes what the home does not admit.</summary>
    internal void TakeCorp(long now, string address, string? identity)
    {
        IsCorpTaken = true;
        Publish(Rates, now, address, identity);
        Corp.SealAt(now);
    }

    /// <summary>The honest answer of this moment; null where the target has no valid seal.</summary>
    internal UnverifiedAnswer? Answer(string name, long now)
    {
        var target = IsOfCorp(name) ? Corp : Us1;
        if (target.Seal.Value.Expires - target.Policy.ClockDelta <= now)
        {
            return null;
        }

        var answer = Build(name, now, target);
        if (target == Us1)
        {
            // One introduction serves until there is a newer one (V57).
            _introduction = IsAcmeGone ? _introduction ?? answer.Hops[1] : answer.Hops[1];
            answer = answer with { Hops = answer.Hops.SetItem(1, _introduction) };
        }

        return answer;
    }

    /// <summary>The query of a name, as the answers have it.</summary>
    internal Parsed<Query> Query(string name, long now) => new TestAnswers(Eu1, name, now).Query;

    /// <summary>By way of a parent that names a false us1.</summary>
    internal UnverifiedAnswer Misled(long now)
    {
        Acme.Put(AnswerLeaves.LinkOf(_falseUs1)).SealAt(now);
        _falseUs1.SealAt(now);
        var answer = Below(Checkout, now, _falseUs1, Honest(_falseUs1)).Record();
        Acme.Put(AnswerLeaves.LinkOf(Us1)).SealAt(now);
        return answer;
    }

    /// <summary>A denial of us1 by one of its anchors.</summary>
    internal UnverifiedAnswer Denied(string name, long now, ISigner anchor)
    {
        var ask = Below(name, now, Us1, [anchor]);
        ask.ChangeAttest = (hop, attest) => TellsExistence && hop == 2 && RecordOf(name) is null
            ? attest with { Expires = attest.Expires - 1 }
            : attest;
        return ask.Denied();
    }

    /// <summary>A denial of the home by one of its anchors.</summary>
    internal UnverifiedAnswer DeniedAtHome(string name, long now, ISigner anchor)
    {
        var ask = Ask(name, now);
        ask.Attesters = _ => [anchor];
        return ask.Denied();
    }

    /// <summary>What us1 has of a name, admitted by these alone.</summary>
    internal UnverifiedAnswer Allowed(string name, long now, IEnumerable<ISigner> anchors)
    {
        var ask = Below(name, now, Us1, anchors);
        return RecordOf(name) is null ? ask.Negative() : ask.Record(_slices[name]);
    }

    /// <summary>What us1 would say of a name that is elsewhere, or nowhere, under a seal by these keys; null while it
    /// does not seal.</summary>
    internal UnverifiedAnswer? Forged(string name, long now, string? address, IEnumerable<ISigner> keys)
    {
        if (IsUs1Down)
        {
            return null;
        }

        var held = RecordOf(name);
        var slice = address is null ? null : AnswerLeaves.SliceOf(Service(name), null, address);
        Hold(name, slice is null ? null : AnswerLeaves.RecordOf(Service(name), now, Us1.Publisher, slice));
        Us1.SealAt(now);
        var ask = Below(name, now, Us1, IsDenied ? keys : Honest(Us1));
        var answer = slice is null ? ask.Negative() : ask.Record(slice);
        var seal = Envelope.Sign(Us1.Seal, keys);
        Hold(name, held);
        Us1.SealAt(now);
        return answer with { Hops = answer.Hops.SetItem(2, answer.Hops[2] with { Seal = seal }) };
    }

    /// <summary>An answer with one epoch of us1 more, by these keys.</summary>
    internal UnverifiedAnswer Promised(UnverifiedAnswer truth, long now, IEnumerable<ISigner> keys)
    {
        var next = AnswerEpochs.Next(Us1, now);
        var epoch = Document.Make(next with { Policy = next.Policy with { MaxTtl = 1_000 } });
        var document = new EpochDocument(
            epoch.Payload, AnswerEpochs.Vote(Us1.Genesis, epoch, keys), Envelope.None, Envelope.None);
        var last = truth.Hops[^1];
        return truth with
        {
            Hops = truth.Hops.SetItem(truth.Hops.Length - 1, last with { Epochs = last.Epochs.Add(document) }),
        };
    }

    /// <summary>Until when a name was what it is served as; null where it is so now, or where it never was (the
    /// second).</summary>
    internal (long? Until, bool WasTrue) EndOf(string name, string what)
    {
        var truth = _truth[name];
        for (var i = truth.Count - 1; i >= 0; i--)
        {
            if (truth[i].What == what)
            {
                return (i == truth.Count - 1 ? null : truth[i + 1].From, true);
            }
        }

        return (null, false);
    }

    internal static string WhatOf(Record record) => Document.Make(record).Digest.ToString();

    private static string Service(string name) => name[..(name.IndexOf(".svc", StringComparison.Ordinal) + 4)];

    private TestAnswers Ask(string name, long now) => new(Eu1, name, now);

    private TestAnswers Below(string name, long now, AnswerSegment target, IEnumerable<ISigner> attesters)
    {
        var ask = Ask(name, now).Via(Acme, HopKind.Up).Via(target, HopKind.Down);
        ask.Attesters = hop => hop == 2 ? attesters : [(hop == 0 ? Eu1 : Acme).Anchors[0].Seal];
        return ask;
    }

    private static IEnumerable<ISigner> Honest(AnswerSegment us1) =>
        us1.Anchors.Take(Attests).Select(anchor => anchor.Seal);

    private void Hold(string name, Record? record)
    {
        if (record is null)
        {
            Us1.Remove(LeafClass.Record, Service(name));
        }
        else
        {
            Us1.Put(record);
        }
    }

    private UnverifiedAnswer Build(string name, long now, AnswerSegment target)
    {
        if (target == Us1 && IsDenied)
        {
            return Denied(name, now, Us1.Anchors[0].Seal);
        }

        var ask = target == Corp
            ? Ask(name, now).Via(Corp, HopKind.Peer)
            : Below(name, now, Us1, Honest(Us1));
        return RecordOf(name) is null ? ask.Negative()
            : ask.Record(_slices[name]);
    }

    private Record? RecordOf(string name) => (Record?)(IsOfCorp(name) ? Corp : Us1).Leaves
        .GetValueOrDefault(new LeafName(LeafClass.Record, Service(name)));

    private void Publish(string name, long now, string address, string? identity = null)
    {
        var segment = IsOfCorp(name) ? Corp : Us1;
        var slice = AnswerLeaves.SliceOf(Service(name), null, address);
        slice = identity is null
            ? slice
            : slice with { Endpoints = [slice.Endpoints[0] with { Identity = identity }] };
        var record = AnswerLeaves.RecordOf(Service(name), now, segment.Publisher, slice) with
        {
            Continuity = name == Orders ? 0 : null,
        };
        _slices[name] = slice;
        segment.Put(record);
        if (!IsDenied || segment == Corp)
        {
            Note(name, now, WhatOf(record));
        }
    }

    private void Note(string name, long now, string what)
    {
        var truth = _truth.TryGetValue(name, out var known) ? known : _truth[name] = [];
        if (truth.Count == 0 || truth[^1].What != what)
        {
            truth.Add((now, what));
        }
    }

    private AnswerSegment Child(string label, long now, int attests = 1) => AnswerSegment.Create(
        $"{label}.acme.internal", now - 60_000,
        change: epoch => epoch with
        {
            Quorum = epoch.Quorum with { Attest = attests },
            Uplinks = [AnswerLeaves.UplinkTo(Acme, label)],
        });

    private static void Next(AnswerSegment segment, long now, string type, Func<Epoch, Epoch> change) =>
        segment.Next(now, epoch => change(epoch with
        {
            Op = new EpochOp { Type = type },
            Policy = epoch.Policy with { ContinuityMax = Continuity },
        }));
}
