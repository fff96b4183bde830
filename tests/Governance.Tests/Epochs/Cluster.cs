using Fairlead.Naming;
using Fairlead.Naming.Operations;
using Fairlead.Simulator;
using Xunit;
using Record = Fairlead.Naming.Record;

namespace Fairlead.Governance.Tests.Epochs;

/// <summary>
/// The anchors of one segment on a network that keeps everything and takes a millisecond; time moves by their timers.
/// </summary>
internal sealed class Cluster
{
    private readonly PriorityQueue<(string To, SegmentInput Input), (long At, long Order)> _mail = new();
    private readonly Dictionary<string, long> _timers = new(StringComparer.Ordinal);
    private readonly HashSet<string> _away = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _ahead = new(StringComparer.Ordinal);
    private long _order;
    private long _made;

    internal Cluster(int anchors = 4, int faults = 1)
    {
        World = new World(new SimulationOptions(1, anchors, faults));
        foreach (var id in World.Ids)
        {
            Engines.Add(id, new SegmentEngine(World.SegmentOptions(id, new Disk()), Now));
            Outputs.Add(id, []);
            Give(id, new SegmentInput.Tick());
        }
    }

    internal World World { get; }

    internal long Now { get; private set; } = VirtualTime.Start;

    internal Dictionary<string, SegmentEngine> Engines { get; } = new(StringComparer.Ordinal);

    internal Dictionary<string, List<SegmentOutput>> Outputs { get; } = new(StringComparer.Ordinal);

    internal SegmentEngine First => Engines[World.Ids[0]];

    internal EpochGround Ground => First.Ground;

    internal Hex16 Opening() => Hex16.FromBytes(Digest.Sha256(BitConverter.GetBytes(_made++)).ToArray().AsSpan(0, 16));

    /// <summary>Cuts an anchor off, or lets it back.</summary>
    internal void Away(string id, bool isAway)
    {
        if (isAway)
        {
            _away.Add(id);
        }
        else
        {
            _away.Remove(id);
        }
    }

    /// <summary>An anchor's clock leaps ahead for one step, and is set right.</summary>
    internal void LeapForAStep(string id, long milliseconds)
    {
        _ahead[id] = milliseconds;
        Give(id, new SegmentInput.Tick());
        _ahead.Remove(id);
    }

    internal void Give(string id, SegmentInput input)
    {
        var clock = Now + _ahead.GetValueOrDefault(id);
        foreach (var output in Engines[id].Step(input, clock))
        {
            Outputs[id].Add(output);
            switch (output)
            {
                case SegmentOutput.Send send:
                    Mail(id, send.To, send.Message);
                    break;
                case SegmentOutput.Broadcast broadcast:
                    foreach (var to in World.Ids.Where(i => i != id))
                    {
                        Mail(id, to, broadcast.Message);
                    }

                    break;
                case SegmentOutput.SetTimer timer:
                    _timers[id] = Now + (timer.At - clock);
                    break;
            }
        }
    }

    /// <summary>Runs for a while of virtual time.</summary>
    internal void Run(long milliseconds)
    {
        for (var end = Now + milliseconds; ;)
        {
            var (timer, at) = _timers.MinBy(t => t.Value);
            if (_mail.TryPeek(out _, out var next) && next.At <= Math.Min(at, end))
            {
                Now = Math.Max(Now, next.At);
                var (to, input) = _mail.Dequeue();
                Give(to, input);
            }
            else if (at <= end)
            {
                Now = Math.Max(Now, at);
                _timers[timer] = long.MaxValue;
                Give(timer, new SegmentInput.Tick());
            }
            else
            {
                Now = end;
                return;
            }
        }
    }

    /// <summary>Submits at the first anchor and has every operator approve.</summary>
    internal void Decide(EpochProposal proposal, long token = 1)
    {
        Give(World.Ids[0], new SegmentInput.OfOperator(new EpochInput.Submit(token, proposal)));
        foreach (var id in World.Ids)
        {
            Give(id, new SegmentInput.OfOperator(new EpochInput.Approve(EpochBench.DigestOf(proposal))));
        }
    }

    internal EpochProposal Policy(long maxTtl) => PolicyOperation.Build(
        Ground,
        new PolicyRequest { Policy = Ground.Epoch.Value.Policy with { MaxTtl = maxTtl } },
        Now,
        Opening,
        out _)!;

    internal EpochProposal Peer() => PeerOperation.Build(
        Ground,
        new PeerRequest(
            SegmentName.Parse("eu1.acme.internal"),
            EpochBench.Stranger(3),
            new Floor(EpochBench.Stranger(4), 0),
            [EpochBench.Endpoint]),
        Now,
        Opening,
        out _)!;

    internal SignedEntry Record(ISigner publisher, string name) => new(
        "record",
        Envelope.Sign(
            Document.Make(new Record
            {
                Expires = Now + 1_000_000,
                Issued = Now,
                Kind = RecordKind.Service,
                Name = ServicePart.Parse(name),
                Opening = Opening(),
                Ports = [new Port { Number = 80, Protocol = PortProtocol.Http }],
                Publisher = publisher.Key.Kid,
                TtlMax = 60_000,
                Uid = Opening(),
                Version = Now,
            }),
            publisher),
        []);

    internal void Publish(SignedEntry entry, long token) =>
        Give(World.Ids[0], new SegmentInput.OfPublisher(new SealInput.Publish(token, entry)));

    internal IEnumerable<T> Of<T>(string id)
        where T : SegmentOutput => Outputs[id].OfType<T>();

    /// <summary>Every anchor is in this epoch and holds its newest seal.</summary>
    internal void Agree(long epoch)
    {
        Assert.All(Engines.Values, e => Assert.Equal(epoch, e.Ground.Epoch.Value.Number));
        Assert.Single(Engines.Values.Select(e => e.Seals.Newest?.Digest).Distinct());
        Assert.NotNull(First.Seals.Newest);
    }

    private void Mail(string from, string to, SegmentMessage message)
    {
        if (!_away.Contains(from) && !_away.Contains(to))
        {
            _mail.Enqueue((to, new SegmentInput.Receive(from, message)), (Now + 1, _order++));
        }
    }
}
