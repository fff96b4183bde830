namespace Fairlead.Cli.Demo.Checks.Acme;

/// <summary>
/// The demo's second world: acme.internal above eu1, us1 and ap1, and a foreign segment that is a peer of acme's. acme
/// has one anchor: nothing rests on it that runs.
/// </summary>
internal static class AcmePlan
{
    internal const string Acme = "acme.internal";
    internal const string Eu1 = "eu1.acme.internal";
    internal const string Us1 = "us1.acme.internal";
    internal const string Ap1 = "ap1.acme.internal";
    internal const string Partner = "partner.internal";

    /// <summary>Two endpoints over HTTP; continuity as the policy says.</summary>
    internal const string Checkout = "checkout.shop.svc." + Us1;

    /// <summary>One endpoint over gRPC.</summary>
    internal const string Catalog = "catalog.shop.svc." + Us1;

    /// <summary>Two hosts.</summary>
    internal const string Cart = "cart.shop.svc." + Us1;

    /// <summary>A strict name: no continuity.</summary>
    internal const string Orders = "orders.shop.svc." + Us1;

    /// <summary>A foreign segment's.</summary>
    internal const string Rates = "rates.shop.svc." + Partner;

    /// <summary>The home's own.</summary>
    internal const string Frontend = "frontend.shop.svc." + Eu1;

    /// <summary>The home's trust domain, which the stranger claims for itself as well.</summary>
    internal const string HomeDomain = "eu1.acme.example";

    private const string Attacker = "attacker-us1";

    /// <summary>The world.</summary>
    internal static WorldPlan Plan { get; } = new()
    {
        Segments =
        [
            new()
            {
                Name = Eu1, Parent = Acme, Samples = ["shop/eu1.internal"], HasPod = true, CanWithhold = true,
                TrustDomains = [HomeDomain],
            },
            new() { Name = Us1, Parent = Acme, Samples = ["shop/us1.internal", "acme/us1.acme.internal"] },
            new() { Name = Acme, Anchors = 1, Transit = ["*.acme.internal", Partner] },
            new() { Name = Partner, Anchors = 1, Samples = ["acme/partner.internal"], TrustDomains = [HomeDomain] },
            new() { Name = Ap1, Parent = Acme, Anchors = 1, HasPod = true, IsLate = true },
            new()
            {
                Name = Us1, Parent = Acme, Anchors = 1, Samples = ["acme/attacker"], IsLate = true, IsFalse = true,
                Folder = Attacker,
            },
        ],
        Peers = [(Acme, Partner)],
        Policy = "demo-continuity",
        Imports = [Checkout, Catalog, Cart, Orders, Rates, Frontend],
    };

    /// <summary>The attacker's segment that bears us1's name.</summary>
    internal static DemoSegment FalseUs1(DemoWorld world) =>
        world.Segments.First(segment => segment.Sketch.IsFalse);
}
