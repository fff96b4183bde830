using Fairlead.Anchor.Home.Introductions;
using Fairlead.Anchor.Serving;
using Fairlead.Naming;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Google.Protobuf;

namespace Fairlead.Anchor.Home;

/// <summary>What the anchors of a target are asked, with this segment's word on who asks (V48). Thread-safe.</summary>
internal sealed class TargetQuestions(ServingContext context, HomeVerifier verifier)
{
    private readonly GrantMint _grants = new(context);

    /// <summary>The question for a name.</summary>
    /// <param name="view">The own segment.</param>
    /// <param name="way">The way to the target.</param>
    /// <param name="name">The name.</param>
    /// <param name="showing">How this segment shows itself there; null where it is known already.</param>
    internal ResolveRequest Ask(SegmentView view, Way way, RelayedName name, ChainShowing? showing)
    {
        var target = way.Target.Genesis;
        var request = new ResolveRequest
        {
            Query = UnsafeByteOperations.UnsafeWrap(name.Query.Payload),
            Grant = WireWriter.ToMessage(_grants.Sign(view, name.Consumer, target)),
            Child = way.Child ?? "",
        };
        if (verifier.Chain(target) is { } chain)
        {
            request.Known.Add(WireWriter.ToKnown(chain));
        }

        if (showing is not null)
        {
            request.HomeEpochs.AddRange(showing.Home.Select(WireWriter.ToMessage));
            request.Via.AddRange(showing.Via.Select(WireWriter.ToMessage));
        }

        return request;
    }

    /// <summary>Fresh Grants for consumers, so many to a message as one may hold.</summary>
    internal IEnumerable<Grants> Renew(SegmentView view, Digest target, IEnumerable<Consumer> consumers) => consumers
        .DistinctBy(consumer => consumer.Digest).Chunk(Limits.ListItems)
        .Select(some => new Grants
        {
            Grants_ = { some.Select(one => WireWriter.ToMessage(_grants.Sign(view, one, target))) },
        });
}
