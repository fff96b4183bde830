using Fairlead.Anchor.Hosting;
using Fairlead.Anchor.Sealing;
using Fairlead.Governance;
using Fairlead.Naming;
using Fairlead.Naming.Operations;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Fairlead.Rpc;
using Google.Protobuf;
using EpochProposal = Fairlead.Naming.Operations.EpochProposal;

namespace Fairlead.Anchor.Governing;

/// <summary>
/// What the operator of this anchor asks and says, over the socket that only the operator may open. Everything goes
/// through the loop, so that an answer speaks of one moment. Thread-safe.
/// </summary>
/// <param name="self">The own anchor's id.</param>
/// <param name="loop">The loop.</param>
/// <param name="book">What becomes of proposals.</param>
/// <param name="ground">The newest epoch and the chain that led to it.</param>
/// <param name="met">The names of those of some segments that this anchor met.</param>
/// <param name="time">How long the operator waits for the loop.</param>
internal sealed class OperatorService(
    string self,
    SealLoop loop,
    OperationBook book,
    Func<SegmentGround> ground,
    Func<IReadOnlyCollection<Digest>, IReadOnlyDictionary<Digest, string>> met,
    TimeProvider time)
{
    private const int LogPage = 32;
    private const int PageBytes = 2 * Limits.OperationBytes;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>The service, to be served on the socket.</summary>
    internal ServerServiceDefinition Build() => ServerServiceDefinition.CreateBuilder()
        .AddMethod(OperatorMethods.Ground, (GroundRequest _, ServerCallContext _) => Task.FromResult(Ground()))
        .AddMethod(OperatorMethods.Try, (request, _) => TryAsync(request))
        .AddMethod(OperatorMethods.Propose, (request, _) => ProposeAsync(request))
        .AddMethod(OperatorMethods.Proposals, (request, _) => ProposalsAsync(request))
        .AddMethod(OperatorMethods.Approve, (request, _) => ApproveAsync(request))
        .AddMethod(OperatorMethods.Withdraw, (request, _) => WithdrawAsync(request))
        .AddMethod(OperatorMethods.Log, (request, _) => LogAsync(request))
        .Build();

    private GroundResponse Ground()
    {
        var now = ground();
        var response = new GroundResponse
        {
            Anchor = self,
            Name = now.Name.Text,
            Genesis = WireWriter.ToBytes(now.Genesis),
            Epoch = UnsafeByteOperations.UnsafeWrap(now.Newest.Payload),
        };
        response.Leaves.AddRange(now.Ground.Leaves.Leaves.Values.Select(leaf => new StateLeaf
        {
            Class = (uint)leaf.Class,
            Name = leaf.Name,
            Leaf = UnsafeByteOperations.UnsafeWrap(leaf.Payload),
        }));
        return response;
    }

    private async Task<OperationEffect> TryAsync(TryRequest request)
    {
        var proposal = Read(request.Proposal);
        var (candidate, refusal, effect) = await AskAsync(engine =>
        {
            var isFine = CandidateRules.TryRead(
                engine.Ground, proposal, new SignatureBudget(), out var read, out var wrong);
            return (read, wrong, isFine ? EffectWriter.Of(engine, read!, met) : null);
        }).ConfigureAwait(false);
        return candidate is null ? throw RpcFailures.ToException(refusal!) : effect!;
    }

    private async Task<ProposeResponse> ProposeAsync(ProposeRequest request)
    {
        var proposal = Read(request.Proposal);
        if (!Document.TryParse<Epoch>(proposal.Epoch, out var epoch, out var malformed))
        {
            throw RpcFailures.ToException(malformed);
        }

        var (token, fate) = book.Wait();
        Post(new EpochInput.Submit(token, proposal));
        try
        {
            if (await fate.WaitAsync(Patience, time).ConfigureAwait(false) is { } refusal)
            {
                throw RpcFailures.ToException(refusal);
            }
        }
        catch (TimeoutException)
        {
            throw Busy();
        }
        finally
        {
            book.Forget(token);
        }

        if (request.Approve)
        {
            await ApproveAsync(epoch.Digest).ConfigureAwait(false);
        }

        return new ProposeResponse { Digest = WireWriter.ToBytes(epoch.Digest) };
    }

    // Each operation is small enough for a message (V1), and so is what it would do; all that wait together are not.
    private Task<ProposalsResponse> ProposalsAsync(ProposalsRequest request)
    {
        if (request.Digests.Count > EpochLimits.DigestsPerMessage)
        {
            throw RpcFailures.ToException(new Refusal(
                VerificationFailure.TooLarge, "digests", $"{request.Digests.Count}, at most "
                    + $"{EpochLimits.DigestsPerMessage}"));
        }

        var asked = request.Digests.Select(digest => Read(digest)).ToHashSet();
        return AskAsync(engine =>
        {
            var response = new ProposalsResponse
            {
                Epoch = (ulong)engine.Ground.Epoch.Value.Number,
                Threshold = (uint)engine.Ground.Epoch.Value.Quorum.TGov,
            };
            var bytes = 0;
            foreach (var (candidate, operation) in engine.Epochs.Queue)
            {
                response.Waiting.Add(WireWriter.ToBytes(candidate.Digest));
                if (bytes < PageBytes && asked.Contains(candidate.Digest))
                {
                    var waiting = Show(engine, candidate, operation);
                    bytes += waiting.CalculateSize();
                    response.Operations.Add(waiting);
                }
            }

            return response;
        });
    }

    private WaitingOperation Show(SegmentEngine engine, EpochCandidate candidate, QueuedOperation operation)
    {
        var waiting = new WaitingOperation
        {
            Digest = WireWriter.ToBytes(candidate.Digest),
            Proposal = ProposalWire.Write(candidate.Proposal),
            Source = operation.Source,
            Approved = operation.IsApproved,
            Effect = EffectWriter.Of(engine, candidate, met),
        };
        waiting.Supporters.AddRange(engine.Epochs.Supporters(candidate.Digest));
        return waiting;
    }

    private async Task<ApproveResponse> ApproveAsync(ApproveRequest request)
    {
        // A slip of the hand must not stand as a word for whatever may come.
        var digest = Read(request.Digest);
        if (await AskAsync(engine => engine.FindWaiting(digest)).ConfigureAwait(false) is null)
        {
            throw Unknown(digest);
        }

        return await ApproveAsync(digest).ConfigureAwait(false);
    }

    private async Task<WithdrawResponse> WithdrawAsync(WithdrawRequest request)
    {
        var digest = Read(request.Digest);
        if (await AskAsync(engine => engine.FindWaiting(digest)).ConfigureAwait(false) is null)
        {
            throw Unknown(digest);
        }

        var (token, answer) = book.WaitForTakenBack();
        Post(new EpochInput.TakeBack(token, digest));
        try
        {
            var taken = await answer.WaitAsync(Patience, time).ConfigureAwait(false);
            if (taken.Refusal is { } refusal)
            {
                throw RpcFailures.ToException(refusal);
            }

            // It is on the disk before the operator hears of it.
            await AskAsync(engine =>
            {
                book.Keep(engine);
                return true;
            }).ConfigureAwait(false);
            var response = new WithdrawResponse
            {
                Proposal = taken.IsProposal, Approval = taken.IsApproval, Self = self,
            };
            response.Voters.AddRange(taken.Voters);
            return response;
        }
        catch (TimeoutException)
        {
            throw Busy();
        }
        finally
        {
            book.Forget(token);
        }
    }

    private Task<ApproveResponse> ApproveAsync(Digest digest)
    {
        Post(new EpochInput.Approve(digest));
        return AskAsync(engine =>
        {
            book.Keep(engine);
            var response = new ApproveResponse { Threshold = (uint)engine.Ground.Epoch.Value.Quorum.TGov };
            response.Supporters.AddRange(engine.Epochs.Supporters(engine.FindWaiting(digest) ?? digest));
            return response;
        });
    }

    private async Task<LogResponse> LogAsync(LogRequest request)
    {
        var chain = ground();
        var isSealed = await AskAsync(engine => engine.Seals.Newest is not null).ConfigureAwait(false);
        var response = new LogResponse { Newest = (ulong)chain.Newest.Value.Number, Sealed = isSealed };
        if (request.From < (ulong)chain.Epochs.Length)
        {
            var from = (int)request.From;
            var count = Math.Min((int)Math.Clamp(request.Limit, 1, LogPage), chain.Epochs.Length - from);
            response.Epochs.AddRange(Enumerable.Range(from, count).Select(i => new DecidedEpoch
            {
                Epoch = WireWriter.ToMessage(chain.Epochs[i]),
                Manifest = UnsafeByteOperations.UnsafeWrap(chain.File.Manifests[i]),
            }));
        }

        return response;
    }

    private static EpochProposal Read(Protocol.V1.EpochProposal? wire) => ProposalWire.Read(wire)
        ?? throw RpcFailures.ToException(
            new Refusal(VerificationFailure.BadEnvelope, "proposal", "no epoch with its manifest and leaves"));

    private static Digest Read(ByteString wire) => WireReader.TryRead(wire, out Digest digest, out var refusal)
        ? digest
        : throw RpcFailures.ToException(refusal.At("digest"));

    private static RpcException Unknown(Digest digest) => RpcFailures.ToException(
        new Refusal(VerificationFailure.EpochUnknown, "digest", $"no operation {digest} waits here"));

    private void Post(EpochInput input)
    {
        if (!loop.Post(new SegmentInput.OfOperator(input)))
        {
            throw Busy();
        }
    }

    private async Task<T> AskAsync<T>(Func<SegmentEngine, T> question)
    {
        try
        {
            return await loop.AskAsync(question).WaitAsync(Patience, time).ConfigureAwait(false);
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            throw Busy();
        }
    }

    private static RpcException Busy() =>
        new(new Status(StatusCode.Unavailable, "the anchor is busy or ends; try again"));
}
