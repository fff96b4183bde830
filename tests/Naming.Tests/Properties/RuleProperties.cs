using System.Collections.Immutable;
using System.Globalization;
using Fairlead.Naming.Traversal;
using Fairlead.TestKit;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace Fairlead.Naming.Tests.Properties;

/// <summary>A decision is a function of the set of Rules, and a TTL is no longer than any of its parts.</summary>
public sealed class RuleProperties
{
    private static readonly Digest Own = Digest.Sha256("own"u8);
    private static readonly Digest Foreign = Digest.Sha256("foreign"u8);
    private static readonly Subject Frontend = new() { Namespace = "shop", Account = "frontend" };
    private static readonly ServicePart Cart = ServicePart.Parse("cart.shop.svc");

    private static readonly Gen<(bool Deny, string Names, string? Namespace, int? Ttl, string? Region)> Facts =
        from deny in Gen.Frequency((1, Gen.Constant(true)), (4, Gen.Constant(false)))
        from names in Gen.Elements("*", "*.svc", "*.shop.svc", "cart.shop.svc", "other.shop.svc", "us1.internal")
        from space in Gen.Elements(null, "shop", "zoo")
        from ttl in Gen.Elements<int?>(null, 1, 2, 3)
        from region in Gen.Elements(null, "eu-1", "eu-*", "*")
        select (deny, names, space, ttl, region);

    [Fact]
    public void Decision_OfASetOfRules_DoesNotDependOnTheirOrder()
    {
        var orders = from facts in Gen.ListOf(Facts)
                     let rules = facts.Select(Make).ToArray()
                     from order in Gen.Shuffle(rules)
                     select (rules, order);
        Property.Holds(orders, pair => Same(Decide(pair.rules), Decide(pair.order)), runs: 500);
    }

    [Fact]
    public void Ttl_OfAnyParts_IsNoLongerThanEachAndNamesTheFirstOfTheShortest() => Property.Holds(
        ArbMap.Default.ArbFor<NonEmptyArray<byte>>(),
        ends =>
        {
            var parts = ends.Get.Select((end, i) => new TtlPart($"p{i}", end, null)).ToImmutableArray();
            var ttl = new Ttl(parts);
            return parts.All(part => ttl.EndsAt <= part.EndsAt)
                && parts.First(part => part.EndsAt == ttl.EndsAt) == ttl.Bound
                && ttl.At(100).Remaining == Math.Max(0, ttl.EndsAt - 100);
        });

    private static bool Same(RuleDecision one, RuleDecision two) =>
        one.IsAllowed == two.IsAllowed
        && one.MayShow == two.MayShow
        && one.Rule?.Digest == two.Rule?.Digest
        && one.Constraints?.MaxTtl == two.Constraints?.MaxTtl
        && (one.Constraints?.Regions ?? []).SequenceEqual(two.Constraints?.Regions ?? []);

    private static RuleDecision Decide(Parsed<Rule>[] rules) =>
        RuleDecision.ForService([.. rules], Own, Foreign, Frontend, Cart);

    private static Parsed<Rule> Make(
        (bool Deny, string Names, string? Namespace, int? Ttl, string? Region) facts, int i) =>
        Document.Make((Rule)TestLeaves.Rule(
            i.ToString(CultureInfo.InvariantCulture),
            facts.Deny ? RuleEffect.Deny : RuleEffect.Allow,
            [facts.Names],
            [new RuleSubject { Namespace = facts.Namespace, Segment = "*" }],
            facts.Ttl is null && facts.Region is null
                ? null
                : new Constraints { MaxTtl = facts.Ttl, Regions = facts.Region is null ? [] : [facts.Region] })
                    .Document);
}
