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
        var service = new Service(segment, ground, waiting);
        var server = await RpcServer.StartAsync(
            new RpcServerOptions { Endpoints = { RpcEndpoint.Unix(socket) }, Services = { service.Build() } },
            cancelled);
        return new FakeOperator(socket, server, ground, waiting);
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private sealed class Service(
        TestSegment segment, EpochGround ground, Dictionary<Digest, (EpochProposal Proposal, bool IsApproved)> waiting)
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
                OperatorMethods.Proposals, (ProposalsRequest _, ServerCallContext _) => Task.FromResult(All()))
            .AddMethod(OperatorMethods.Approve, (ApproveRequest request, ServerCallContext _) =>
            {
                Assert.True(WireReader.TryRead(request.Digest, out Digest digest, out Refusal? _));
                waiting[digest] = waiting[digest] with { IsApproved = true };
                return Task.FromResult(new ApproveResponse { Threshold = 3, Supporters = { "us1-a" } });
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
                Ways =
                {
                    impact.Links.Select(link => new WayChange
                    {
                        Where = link.Where, Change = link.Change, Segment = WireWriter.ToBytes(link.Segment),
                    }),
                },
            };
        }

        private ProposalsResponse All() => new()
        {
            Epoch = (ulong)segment.Newest.Value.Number,
            Threshold = 3,
            Operations =
            {
                waiting.Select(one => new WaitingOperation
                {
                    Digest = WireWriter.ToBytes(one.Key),
                    Proposal = ProposalWire.Write(one.Value.Proposal),
                    Source = "us1-a",
                    Approved = one.Value.IsApproved,
                    Supporters = { "us1-a" },
                    Effect = EffectOf(Judge(ProposalWire.Write(one.Value.Proposal))),
                }),
            },
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
