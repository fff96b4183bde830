using System.Collections.Concurrent;
using Fairlead.Governance;
using Fairlead.Naming;
using Fairlead.Naming.Operations;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Fairlead.Resolver.State;
using Google.Protobuf;
using Microsoft.Extensions.Logging;
using EpochProposal = Fairlead.Naming.Operations.EpochProposal;

namespace Fairlead.Anchor.Governing;

/// <summary>
/// The operations that the operator of this anchor proposed, approved or took back, over restarts: what waits, and
/// what others may not have heard to be taken back, is in <c>operations.state</c> before the operator is told so.
/// And who waits to hear what becomes of a proposal. The loop's
/// task calls <see cref="Hear(EpochOutput)"/>, <see cref="Keep"/> and <see cref="Settle"/>; the rest is
/// thread-safe.
/// </summary>
internal sealed class OperationBook(string self, string folder, ILogger log)
{
    private const int BytesMax = 80 * 1024 * 1024;

    private readonly DurableFile _file = FileOf(folder);
    private readonly ConcurrentDictionary<long, TaskCompletionSource<Refusal?>> _waiting = new();
    private readonly ConcurrentDictionary<long, TaskCompletionSource<EpochOutput.TakenBack>> _takingBack = new();
    private readonly List<(TaskCompletionSource<Refusal?> Who, Refusal? Fate)> _told = [];
    private List<(Digest Digest, bool IsApproved)> _kept = [];
    private List<Digest> _keptTakenBack = [];
    private bool _isOpen = true;
    private long _tokens;

    /// <summary>What waited at the end, and what was taken back, on the ground of today: an operation that was
    /// overtaken by one epoch is moved onto it.</summary>
    /// <exception cref="StateException">The file cannot be used.</exception>
    internal (IReadOnlyList<QueuedOperation> Queue, IReadOnlyList<EpochProposal> TakenBack) Load(
        EpochGround ground, EpochGround? before)
    {
        if (Read(_file) is not { } file)
        {
            return ([], []);
        }

        var queue = new List<QueuedOperation>();
        foreach (var kept in file.Operations)
        {
            if (ProposalWire.Read(kept.Proposal) is { } proposal && OnGround(proposal, ground, before) is { } moved)
            {
                queue.Add(new QueuedOperation(moved, null, kept.Source, kept.Approved));
            }
        }

        return (queue, [.. file.TakenBack.Select(ProposalWire.Read).OfType<EpochProposal>()
            .Select(gone => OnGround(gone, ground, before)).OfType<EpochProposal>()]);
    }

    /// <summary>Looks at the file of a folder.</summary>
    /// <exception cref="StateException">It is there and cannot be used.</exception>
    internal static void Inspect(string folder) => Read(FileOf(folder));

    private static DurableFile FileOf(string folder) => new(Path.Combine(folder, "operations.state"), BytesMax);

    private static KeptOperations? Read(DurableFile file)
    {
        try
        {
            return file.Load() is { } bytes ? KeptOperations.Parser.ParseFrom(bytes) : null;
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new StateException(StateError.StateCorrupt, $"operations.state: {e.Message}; move it away", e);
        }
    }

    /// <summary>A token for a proposal, and what it will hear: null once it waits, or why it does not.</summary>
    internal (long Token, Task<Refusal?> Fate) Wait()
    {
        var token = Interlocked.Increment(ref _tokens);
        var fate = new TaskCompletionSource<Refusal?>(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting[token] = fate;
        return (token, fate.Task);
    }

    /// <summary>A token for what the operator takes back, and what becomes of that.</summary>
    internal (long Token, Task<EpochOutput.TakenBack> Answer) WaitForTakenBack()
    {
        var token = Interlocked.Increment(ref _tokens);
        var answer = new TaskCompletionSource<EpochOutput.TakenBack>(
            TaskCreationOptions.RunContinuationsAsynchronously);
        _takingBack[token] = answer;
        return (token, answer.Task);
    }

    /// <summary>Ends a wait that nothing will end.</summary>
    internal void Forget(long token)
    {
        _waiting.TryRemove(token, out _);
        _takingBack.TryRemove(token, out _);
    }

    /// <summary>On the loop's task, behind an approval: it is on the disk when this returns.</summary>
    /// <exception cref="StateException">It may not be.</exception>
    internal void Keep(SegmentEngine engine)
    {
        _isOpen = true;
        Settle(engine);
    }

    internal void Hear(EpochOutput output)
    {
        switch (output)
        {
            case EpochOutput.Queued queued:
                GovernLog.Waits(log, queued.Candidate.Epoch.Value.Op.Type, queued.Candidate.Digest, queued.IsWilling);
                Tell(queued.Token, null);
                break;
            case EpochOutput.Refused refused:
                GovernLog.Refused(log, refused.Digest, refused.Refusal.Failure, refused.Refusal.Detail);
                Tell(refused.Token, refused.Refusal);
                break;
            case EpochOutput.TakenBack taken:
                GovernLog.TakenBack(log, taken.Digest, taken.IsProposal, taken.IsApproval);
                if (_takingBack.TryRemove(taken.Token, out var asker))
                {
                    asker.TrySetResult(taken);
                }

                break;
            case EpochOutput.Decided decided:
                var epoch = decided.Decision.Candidate.Epoch.Value;
                GovernLog.Decided(log, epoch.Number, epoch.Op.Type, decided.Decision.Candidate.Digest);
                break;
            case EpochOutput.Evidence evidence:
                GovernLog.Evidence(log, evidence.Voter, evidence.First.Digest, evidence.Second.Digest);
                break;
            case EpochOutput.Halted halted:
                GovernLog.Halted(log, halted.Refusal.Failure, halted.Refusal.Detail);
                break;
            case EpochOutput.Ignored ignored:
                GovernLog.Ignored(log, ignored.From, ignored.Refusal.Failure, ignored.Refusal.Detail);
                break;
        }

        _isOpen |= output is EpochOutput.Queued or EpochOutput.Refused or EpochOutput.Decided;
    }

    internal void Hear(SegmentOutput.Rebased rebased)
    {
        GovernLog.Rebased(log, rebased.Old, rebased.New);
        _isOpen = true;
    }

    /// <summary>After a step: keeps what waits, where that changed, and then tells those who asked.</summary>
    /// <exception cref="StateException">It cannot be kept.</exception>
    internal void Settle(SegmentEngine engine)
    {
        if (!_isOpen)
        {
            return;
        }

        _isOpen = false;
        var queue = engine.Epochs.Queue.Where(one => one.Operation.IsApproved || one.Operation.Source == self).ToList();
        var now = queue.ConvertAll(one => (one.Candidate.Digest, one.Operation.IsApproved));
        var gone = engine.Epochs.TakenBack.Select(one => one.Digest).ToList();
        if (!now.SequenceEqual(_kept) || !gone.SequenceEqual(_keptTakenBack))
        {
            var file = new KeptOperations();
            file.Operations.AddRange(queue.Select(one => new KeptOperation
            {
                Proposal = ProposalWire.Write(one.Candidate.Proposal),
                Source = one.Operation.Source,
                Approved = one.Operation.IsApproved,
            }));
            file.TakenBack.AddRange(engine.Epochs.TakenBack.Select(one => ProposalWire.Write(one.Proposal)));
            _file.Save(file.ToByteArray());
            (_kept, _keptTakenBack) = (now, gone);
        }

        foreach (var (who, fate) in _told)
        {
            who.TrySetResult(fate);
        }

        _told.Clear();
    }

    private static EpochProposal? OnGround(EpochProposal proposal, EpochGround ground, EpochGround? before)
    {
        var checks = new SignatureBudget();
        return CandidateRules.TryRead(ground, proposal, checks, out _, out _) ? proposal
            : before is not null && CandidateRules.TryRead(before, proposal, checks, out var late, out _)
                ? EpochRebase.Rebase(before, late, ground, out _)
                : null;
    }

    private void Tell(long? token, Refusal? fate)
    {
        if (token is { } known && _waiting.TryRemove(known, out var who))
        {
            _told.Add((who, fate));
        }
    }
}
