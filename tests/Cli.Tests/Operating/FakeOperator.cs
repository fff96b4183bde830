using System.Collections.Immutable;
using Fairlead.Naming;
using Fairlead.Naming.Operations;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Fairlead.Rpc;
using Fairlead.TestKit;
using Google.Protobuf;
using Xunit;
using EpochProposal = Fairlead.Naming.Operations.EpochProposal;

namespace Fairlead.Cli.Tests.Operating;

/// <summary>
/// An anchor's operator socket over a segment of tests: judges proposals by the rules that anchors judge by, and lets
/// them wait. Decides nothing.
/// </summary>
internal sealed class FakeOperator : IAsyncDisposable
{
    private readonly RpcServer _server;
    private readonly Dictionary<Digest, (EpochProposal Proposal, bool IsApproved)> _waiting;

    private FakeOperator(
        string socket, RpcServer server, EpochGround ground, Dictionary<Digest, (EpochProposal, bool)> waiting)
    {
        Socket = socket;
        _server = server;
        Ground = ground;
        _waiting = waiting;
    }

    internal string Socket { get; }

    internal EpochGround Ground { get; }

    /// <summary>What this anchor voted for.</summary>
    internal required HashSet<Digest> Bound { get; init; }

    /// <summary>What waits beside it and is no proposal.</summary>
    internal required HashSet<Digest> Unreadable { get; init; }

    internal IReadOnlyDictionary<Digest, (EpochProposal Proposal, bool IsApproved)> Waiting => _waiting;

    internal static async Task<FakeOperator> StartAsync(string socket, TestSegment segment, CancellationToken cancelled)
    {
        var leaves = OperationLeaves.Derive(
            segment.Name,
            [.. segment.Chain],
            [.. segment.Manifests.Select(manifest => manifest?.Payload ?? default)],
            [.. Enumerable.Range(0, segment.Epochs.Count).Select(i => segment.Leaves
                .Where(leaf => leaf.Document is OpMadeLeaf made && made.Made == i)
                .Select(leaf => (leaf.Class, leaf.Payload)).ToImmutableArray())],
            out _)!;
        var ground = new EpochGround(segment.Genesis, segment.Newest, leaves[^1], [segment.Name]);
        var waiting = new Dictionary<Digest, (EpochProposal, bool)>();
        var bound = new HashSet<Digest>();
        var unreadable = new HashSet<Digest>();
        var service = new Service(segment, ground, waiting, bound, unreadable);
        var server = await RpcServer.StartAsync(
            new RpcServerOptions { Endpoints = { RpcEndpoint.Unix(socket) }, Services = { service.Build() } },
            cancelled);
        return new FakeOperator(socket, server, ground, waiting) { Bound = bound, Unreadable = unreadable };
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private sealed class Service(
        TestSegment segment,
        EpochGround ground,
        Dictionary<Digest, (EpochProposal Proposal, bool IsApproved)> waiting,
        HashSet<Digest> bound,
        HashSet<Digest> unreadable)
    {
        internal ServerServiceDefinition Build() => ServerServiceDefinition.CreateBuilder()
            .AddMethod(OperatorMethods.Ground, (GroundRequest _, ServerCallContext _) => Task.FromResult(Shown()))
            .AddMethod(OperatorMethods.Try, (TryRequest request, ServerCallContext _) =>
                Task.FromResult(EffectOf(Judge(request.Proposal))))
            .AddMethod(OperatorMethods.Propose, (ProposeRequest request, ServerCallContext _) =>
            {
                var candidate = Judge(request.Proposal);
                waiting[candidate.Digest] = (candidate.Proposal, request.Approve);
                return Task.FromResult(new ProposeResponse { Digest = WireWriter.ToBytes(candidate.Digest) });
            })
            .AddMethod(
                OperatorMethods.Proposals,
                (ProposalsRequest request, ServerCallContext _) => Task.FromResult(Show(request)))
            .AddMethod(OperatorMethods.Approve, (ApproveRequest request, ServerCallContext _) =>
            {
                Assert.True(WireReader.TryRead(request.Digest, out Digest digest, out Refusal? _));
                waiting[digest] = waiting[digest] with { IsApproved = true };
                return Task.FromResult(new ApproveResponse { Threshold = 3, Supporters = { "us1-a" } });
            })
            .AddMethod(OperatorMethods.Withdraw, (WithdrawRequest request, ServerCallContext _) =>
            {
                Assert.True(WireReader.TryRead(request.Digest, out Digest digest, out Refusal? _));
                var isBound = bound.Contains(digest);
                var isFree = !isBound && waiting.Remove(digest);
                return Task.FromResult(new WithdrawResponse
                {
                    Proposal = isFree, Approval = isFree, Self = "us1-a", Voters = { isBound ? ["us1-a"] : [] },
                });
            })
            .AddMethod(OperatorMethods.Log, (LogRequest request, ServerCallContext _) => Task.FromResult(Log(request)))
            .Build();

        private GroundResponse Shown()
        {
            var response = new GroundResponse
            {
                Anchor = "us1-a",
                Name = segment.Name.Text,
                Genesis = WireWriter.ToBytes(segment.Genesis),
                Epoch = UnsafeByteOperations.UnsafeWrap(segment.Newest.Payload),
            };
            response.Leaves.AddRange(segment.Leaves.Select(leaf => new StateLeaf
            {
                Class = (uint)leaf.Class, Leaf = UnsafeByteOperations.UnsafeWrap(leaf.Payload),
            }));
            return response;
        }

        private EpochCandidate Judge(Protocol.V1.EpochProposal wire) => CandidateRules.TryRead(
            ground, ProposalWire.Read(wire)!, new SignatureBudget(), out var candidate, out var refusal)
            ? candidate
            : throw RpcFailures.ToException(refusal);

        private OperationEffect EffectOf(EpochCandidate candidate)
        {
            var impact = DryRun.Of(ground, candidate, []);
            return new OperationEffect
            {
                Members = { impact.Members },
                Names = { impact.Names },
                TouchesOthers = impact.TouchesOthers,
                Segments =
                {
                    impact.Named.Select(one => new KnownSegment
                    {
                        Genesis = WireWriter.ToBytes(one.Key), Name = one.Value,
                    }),
                },
                Ways =
                {
                    impact.Links.Select(link => new WayChange
                    {
                        Where = link.Where, Change = link.Change, Segment = WireWriter.ToBytes(link.Segment),
                    }),
                },
            };
        }

        // One to a message, so that whoever wants all has to ask again.
        private ProposalsResponse Show(ProposalsRequest request) => new()
        {
            Epoch = (ulong)segment.Newest.Value.Number,
            Threshold = 3,
            Waiting = { waiting.Keys.Concat(unreadable).Select(WireWriter.ToBytes) },
            Operations =
            {
                unreadable.Select(WireWriter.ToBytes).Where(request.Digests.Contains).Select(digest =>
                    new WaitingOperation { Digest = digest, Proposal = new Protocol.V1.EpochProposal() }),
                waiting.Where(one => request.Digests.Contains(WireWriter.ToBytes(one.Key))).Take(1)
                    .Select(one => Wait(one.Key, one.Value)),
            },
        };

        private WaitingOperation Wait(Digest digest, (EpochProposal Proposal, bool IsApproved) one) => new()
        {
            Digest = WireWriter.ToBytes(digest),
            Proposal = ProposalWire.Write(one.Proposal),
            Source = "us1-a",
            Approved = one.IsApproved,
            Supporters = { "us1-a" },
            Effect = EffectOf(Judge(ProposalWire.Write(one.Proposal))),
        };

        private LogResponse Log(LogRequest request) => new()
        {
            Newest = (ulong)segment.Newest.Value.Number,
            Sealed = true,
            Epochs =
            {
                segment.Chain.Select((epoch, i) => new DecidedEpoch
                {
                    Epoch = WireWriter.ToMessage(epoch),
                    Manifest = UnsafeByteOperations.UnsafeWrap(segment.Manifests[i]?.Payload ?? default),
                }).Skip((int)request.From),
            },
        };
    }
}
