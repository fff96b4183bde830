using Fairlead.Naming;

namespace Fairlead.Cli.Ceremony;

/// <summary>One anchor of a segment to be made, with all its keys.</summary>
/// <param name="Id">Its id; anchors ascend by it.</param>
/// <param name="Admin">Who operates it.</param>
/// <param name="Host">The machine it runs on.</param>
/// <param name="Endpoint">Where it will listen.</param>
/// <param name="Gov">Signs epochs.</param>
/// <param name="Seal">Signs seals and handovers.</param>
/// <param name="Tls">Proves the transport; its private half signs nothing here.</param>
internal sealed record AnchorPlan(
    string Id, string Admin, string Host, IpEndpoint Endpoint, ISigner Gov, ISigner Seal, PublicKey Tls);
