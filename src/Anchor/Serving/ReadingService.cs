using System.Collections.Immutable;
using Fairlead.Anchor.Identities;
using Fairlead.Naming;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Fairlead.Rpc;
using Google.Protobuf;
using EntryName = Fairlead.Governance.EntryName;

namespace Fairlead.Anchor.Serving;

/// <summary>
/// What an anchor shows of its segment without a decision: heads and epochs, and to those who belong to the segment its
/// published leaves. Thread-safe.
/// </summary>
internal sealed class ReadingService(
    ServingContext context,
    Func<ImmutableArray<EpochDocument>> served,
    Func<Digest, ImmutableArray<EpochDocument>?> relayed,
    Func<Digest, Digest?> homeOf,
    Digest genesis)
{
    private const int HeadsPerSecond = 500;
    private const int HeadsBurst = 20_000;
    private const int PagesPerSecond = 500;
    private const int PagesBurst = 20_000;
    private const int StatePageMax = 500;
    private const int StateBytesMax = 2 * 1024 * 1024;

    private readonly CallerRates _heads = new(
        context, () => context.Rates.OfSubject, HeadsPerSecond, HeadsBurst);

    private readonly CallerRates _pages = new(
        context, () => context.Rates.OfSubject, PagesPerSecond, PagesBurst);

    private readonly RateBook _pagesOfHomes = new(() => context.Rates.OfSegment, context.Time);

    /// <summary>Adds the methods to a service.</summary>
    internal ServerServiceDefinition.Builder AddTo(ServerServiceDefinition.Builder builder) => builder
        .AddMethod(AnchorMethods.Head, (request, call) => Task.FromResult(Head(request, call)))
        .AddMethod(AnchorMethods.Epochs, (request, call) => Task.FromResult(Epochs(request, call)))
        .AddMethod(AnchorMethods.State, (request, call) => Task.FromResult(State(request, call)));

    // V41: where this anchor stands, for this nonce. Whoever asks is signed for, and so only so often (V52).
    private HeadResponse Head(HeadRequest request, ServerCallContext call)
    {
        var view = View(request.Genesis);
        if (_heads.Take(Caller.Of(call), view) is { } often)
        {
            throw RpcFailures.ToException(often);
        }

        if (request.Nonce.Length != Hex16.Size)
        {
            throw RpcFailures.ToException(
                new Refusal(VerificationFailure.BadEnvelope, "nonce", $"{request.Nonce.Length} bytes"));
        }

        var head = Document.Make(new Head
        {
            Epoch = view.Certified.Seal.Epoch,
            Nonce = Hex16.FromBytes(request.Nonce.Span),
            Seal = view.Certified.Digest,
            Segment = view.Genesis,
            Seq = view.Certified.Seal.Seq,
            Time = context.Now(),
        });
        return new HeadResponse
        {
            Head = WireWriter.ToMessage(Envelope.Sign(head, context.SealKey)),
            Seal = WireWriter.ToMessage(view.Certified.Certificate),
        };
    }

    // The own epochs need no seal: a first contact asks for them before anything else. A page is up to a megabyte, and
    // so each asker has only so many (V52).
    private EpochsResponse Epochs(EpochsRequest request, ServerCallContext call)
    {
        var caller = Caller.Of(call);
        if (Often(caller) is { } often)
        {
            throw RpcFailures.ToException(often);
        }

        var epochs = Relayed(request.Genesis, caller) ?? served();
        var limit = (int)Math.Clamp(request.Limit, 1, Limits.PageEpochs);
        var response = new EpochsResponse { Newest = (ulong)(epochs.Length - 1) };
        if (request.From < (ulong)epochs.Length)
        {
            response.Epochs.AddRange(epochs.Skip((int)request.From).Take(limit).Select(WireWriter.ToMessage));
        }

        return response;
    }

    private Refusal? Often(Caller caller)
    {
        if (caller.Kid is not { } kid || homeOf(kid) is not { } home)
        {
            return _pages.Take(caller, context.Views.Current);
        }

        caller.Accept();
        return _pagesOfHomes.Take(home);
    }

    // What an answer of this anchor stands on is shown to whoever may ask for answers here (V36, V50), to the other
    // anchors of the segment, who relay it as well, and to those of homes that are introduced through here; null for
    // the own.
    private ImmutableArray<EpochDocument>? Relayed(ByteString asked, Caller caller)
    {
        if (!WireReader.TryRead(asked, out Digest segment, out _) || segment == genesis
            || relayed(segment) is not { } epochs)
        {
            CheckGenesis(asked);
            return null;
        }

        var view = context.Views.Current ?? throw NotSealed();
        if (view.Epoch.Value.Anchors.Any(anchor => anchor.Tls.Kid == caller.Kid)
            || (caller.Kid is { } kid && homeOf(kid) is not null))
        {
            return epochs;
        }

        if (context.Subjects.Identify(caller, context.Now(), view.Epoch.Value.Policy.ClockDelta, out _) is { } unknown)
        {
            throw RpcFailures.ToException(unknown);
        }

        caller.Accept();
        return epochs;
    }

    private StateResponse State(StateRequest request, ServerCallContext call)
    {
        var view = View(request.Genesis);
        var caller = Caller.Of(call);
        if (!Belongs(view, caller.Kid))
        {
            throw RpcFailures.ToException(
                new Refusal(
                    VerificationFailure.SubjectUnknown, "tls",
                    "neither an anchor of this segment nor a holder of a Credential"));
        }

        caller.Accept();
        Digest? publisher = null;
        if (!request.Publisher.IsEmpty)
        {
            publisher = WireReader.TryRead(request.Publisher, out Digest kid, out var refusal)
                ? kid
                : throw RpcFailures.ToException(refusal);
        }

        // What the slices of a record hold is shown to nobody else who belongs to the segment.
        if (request.Sources && (publisher is null || publisher != caller.Kid))
        {
            throw RpcFailures.ToException(new Refusal(
                VerificationFailure.SubjectUnknown, "publisher",
                "as published a leaf is shown to its publisher alone"));
        }

        var limit = (int)Math.Clamp(request.Limit, 1, StatePageMax);
        var response = new StateResponse { Seal = WireWriter.ToMessage(view.Certified.Certificate) };
        if (request.AfterName.Length == 0 && publisher is { } own && publisher == caller.Kid
            && view.Find<Credential>(LeafClass.Credential, own.ToString()) is { } credential)
        {
            response.Credential = UnsafeByteOperations.UnsafeWrap(credential.Payload);
        }

        var bytes = 0;
        foreach (var entry in view.Certified.State.After(After(request))
            .Where(entry => !entry.IsWitness && (publisher is null || entry.Publisher == publisher)))
        {
            var leaf = Leaf(entry, request.Sources);
            bytes += entry.Leaf.Length + (request.Sources ? entry.Bytes : 0);
            if (response.Leaves.Count == limit || (response.Leaves.Count > 0 && bytes > StateBytesMax))
            {
                response.More = true;
                break;
            }

            response.Leaves.Add(leaf);
        }

        return response;
    }

    private static StateLeaf Leaf(Governance.Entry entry, bool withSource)
    {
        var leaf = new StateLeaf
        {
            Class = (uint)entry.LeafClass,
            Name = entry.LeafName,
            Leaf = UnsafeByteOperations.UnsafeWrap(entry.Leaf),
        };
        if (withSource)
        {
            leaf.Source = WireWriter.ToMessage(entry.Source.Document);
            leaf.Slices.AddRange(entry.Source.Slices.Select(slice => UnsafeByteOperations.UnsafeWrap(slice)));
        }

        return leaf;
    }

    // A withdrawn leaf's name holds the class and name of what was withdrawn, which is where the listing goes on.
    private static EntryName? After(StateRequest request)
    {
        if (request.AfterName.Length == 0)
        {
            return null;
        }

        if ((LeafClass)request.AfterClass != LeafClass.Withdrawn)
        {
            return new EntryName((LeafClass)request.AfterClass, request.AfterName);
        }

        var slash = request.AfterName.IndexOf('/', StringComparison.Ordinal);
        return slash > 0 && int.TryParse(request.AfterName.AsSpan(0, slash), out var number)
            ? new EntryName((LeafClass)number, request.AfterName[(slash + 1)..])
            : throw RpcFailures.ToException(
                new Refusal(VerificationFailure.BadEnvelope, "after_name", "not class/name"));
    }

    private static bool Belongs(SegmentView view, Digest? kid) => kid is { } key && CallerRates.Belongs(view, key);

    private SegmentView View(ByteString asked)
    {
        CheckGenesis(asked);
        return context.Views.Current ?? throw NotSealed();
    }

    private void CheckGenesis(ByteString asked)
    {
        if (!WireReader.TryRead(asked, out Digest digest, out var refusal))
        {
            throw RpcFailures.ToException(refusal.At("genesis"));
        }

        if (digest != genesis)
        {
            throw RpcFailures.ToException(
                new Refusal(VerificationFailure.GenesisMismatch, "genesis", $"this anchor governs {genesis}"));
        }
    }

    private static RpcException NotSealed() =>
        RpcFailures.ToException(new Refusal(VerificationFailure.NotSealed, "", "no certified seal is held yet"));
}
