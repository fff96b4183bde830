using Fairlead.Kubernetes.Reconciling;
using Fairlead.Naming;

namespace Fairlead.Kubernetes.Tests;

/// <summary>ServiceImports that say who serves a name under clusterset.local, from YAML to desired Sets.</summary>
public sealed class ServiceImportTests
{
    private const string Us1 = "1111111111111111111111111111111111111111111111111111111111111111";
    private static readonly Digest Own = Digest.Sha256("eu1"u8);
    private static readonly ReconcileOptions Options = new() { Segment = "eu1.internal", Genesis = Own };

    [Fact]
    public void Import_WithMembers_BecomesASet()
    {
        var file = Reading.Of(Import(
            $"'catalog.shop.svc.us1.internal weight=3 genesis={Us1}, catalog.shop.svc.eu1.internal priority=1'",
            "fairlead.dev/identities: 'spiffe://b.example/x,spiffe://a.example/x'", "fairlead.dev/ttl-max: 5s"));
        Assert.Empty(file.Problems);
        var (sets, held, problems) = ImportReconciler.Reconcile(file.Content, Options);
        Assert.Empty(problems);
        Assert.Empty(held);
        var set = Assert.Single(sets);
        Assert.Equal("catalog.shop.svc", set.Name);
        Assert.Equal(TimeSpan.FromSeconds(5), set.TtlMax);
        Assert.Equal(["spiffe://a.example/x", "spiffe://b.example/x"], set.Identities);
        Assert.Equal(
            [("catalog.shop.svc.eu1.internal", Own.ToString(), 1L, 1L), ("catalog.shop.svc.us1.internal", Us1, 0L, 3L)],
            set.Members.Select(one => (one.Name.Text, one.Genesis.ToString(), one.Priority, one.Weight)));
    }

    /// <summary>An import that another controller maintains is none of ours.</summary>
    [Fact]
    public void Import_WithoutMembers_IsLeftAlone()
    {
        var file = Reading.Of("""
            apiVersion: multicluster.x-k8s.io/v1beta1
            kind: ServiceImport
            metadata: {name: catalog, namespace: shop}
            spec: {type: ClusterSetIP}
            """);
        Assert.Empty(file.Problems);
        Assert.Empty(ImportReconciler.Reconcile(file.Content, Options).Sets);
    }

    [Theory]
    [InlineData("''", "lists 0 members")]
    [InlineData("'us1.internal'", "'us1.internal' is no member: BadName")]
    [InlineData("'catalog.shop.svc.clusterset.local'", "is not a service of a segment")]
    [InlineData("'pod-0.catalog.shop.svc.us1.internal'", "is not a service of a segment")]
    [InlineData("'catalog.shop.svc.us1.internal priority=128'", "'priority=128'")]
    [InlineData("'catalog.shop.svc.us1.internal priority=-1'", "'priority=-1'")]
    [InlineData("'catalog.shop.svc.us1.internal weight=0'", "'weight=0'")]
    [InlineData("'catalog.shop.svc.us1.internal weight=10001'", "'weight=10001'")]
    [InlineData("'catalog.shop.svc.us1.internal genesis=abc'", "'genesis=abc'")]
    [InlineData("'catalog.shop.svc.us1.internal weight=1 weight=2'", "'weight=2'")]
    [InlineData("'catalog.shop.svc.us1.internal wieght=1'", "'wieght=1'")]
    [InlineData("'catalog.shop.svc.us1.internal, catalog.shop.svc.us1.internal'", "twice")]
    [InlineData("[a]", "lists 0 members")]
    public void Members_Malformed_NameTheLineAndTakeNoEffect(string members, string message)
    {
        var problem = Assert.Single(Reading.Of(Import(members)).Problems);
        Assert.Contains(message, problem.Message, StringComparison.Ordinal);
        Assert.Equal(7, problem.Location.Line);
    }

    [Fact]
    public void Members_MoreThanASetHolds_AreRefused()
    {
        Assert.Empty(Reading.Of(Import(Many(32))).Problems);
        var problem = Assert.Single(Reading.Of(Import(Many(33))).Problems);
        Assert.Contains("33 members", problem.Message, StringComparison.Ordinal);

        static string Many(int count)
        {
            var names = Enumerable.Range(0, count).Select(i => $"s{i}.shop.svc.us1.internal");
            return $"'{string.Join(',', names)}'";
        }
    }

    /// <summary>Who a member's segment is must be written down: it is what V60 holds its answers to.</summary>
    [Theory]
    [InlineData("'catalog.shop.svc.us1.internal'", "needs genesis=")]
    [InlineData($"'catalog.shop.svc.eu1.internal genesis={Us1}'", "GenesisMismatch")]
    public void Member_WhoseSegmentIsNotTold_KeepsWhatIsPublished(string members, string message)
    {
        var (sets, held, problems) = ImportReconciler.Reconcile(Reading.Of(Import(members)).Content, Options);
        Assert.Empty(sets);
        Assert.Equal(["catalog.shop.svc"], held);
        Assert.Contains(message, Assert.Single(problems).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Import_OfAnUnknownVersion_IsRefused() => Assert.Contains(
        "ServiceImport has apiVersion",
        Assert.Single(Reading.Of(
            Import("'catalog.shop.svc.eu1.internal'").Replace("v1alpha1", "v9", StringComparison.Ordinal)).Problems)
            .Message,
        StringComparison.Ordinal);

    private static string Import(string members, params string[] annotations) => $$"""
        apiVersion: multicluster.x-k8s.io/v1alpha1
        kind: ServiceImport
        metadata:
          name: catalog
          namespace: shop
          annotations:
            fairlead.dev/members: {{members}}
        {{string.Concat(annotations.Select(one => $"    {one}\n"))}}
        spec: {type: ClusterSetIP}
        """;
}
