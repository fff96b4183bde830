using Fairlead.Anchor.Serving;
using Fairlead.Naming;

namespace Fairlead.Anchor.Home;

/// <summary>
/// Signs Grants: this segment's word that a consumer is its own, bound to one audience and to this anchor's connections
/// (V48). Thread-safe.
/// </summary>
internal sealed class GrantMint(ServingContext context)
{
    /// <summary>A Grant that lives as long as Grants may.</summary>
    internal Envelope Sign(SegmentView view, Consumer consumer, Digest audience)
    {
        var now = context.Now();
        var grant = Document.Make(new Grant
        {
            Audience = audience,
            Expires = now + Limits.GrantLife,
            Home = view.Genesis,
            HomeEpoch = view.Epoch.Value.Number,
            Issued = now,
            Subject = consumer.Subject,
            Tls = context.TransportKid,
        });
        return Envelope.Sign(grant, context.SealKey);
    }
}
