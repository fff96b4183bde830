using System.Security.Cryptography;
using System.Text;
using Fairlead.Controller.Anchors;
using Fairlead.Controller.Documents;
using Fairlead.Controller.Manifests;
using Fairlead.Controller.Publishing;
using Fairlead.Naming;
using Fairlead.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Controller.Tests;

/// <summary>From a ServiceImport to the signed Set, its withdrawal, and back from the anchors' State.</summary>
public sealed class SetContentsTests
{
    private const string Key = "catalog.shop.svc.clusterset.local";
    private const long Now = 1_800_000_000_000;

    private static readonly EcdsaSigner Signer = TestKeys.Signer(7);
    private static readonly Digest Own = Digest.Sha256("eu1"u8);

    [Fact]
    public void Import_IsSignedAsASet_BesideARecordOfTheSameName()
    {
        var desired = Desire("catalog.shop.svc.eu1.internal priority=1");
        Assert.Equal(["catalog.shop.svc", Key], desired.Contents.Keys.Order(StringComparer.Ordinal));
        var (type, set) = Sign(desired.Contents[Key], 5);
        Assert.Equal("set", type);
        Assert.True(Document.TryParse<Set>(set.Payload, out var parsed, out var refusal), refusal?.ToString());
        Assert.Equal("catalog.shop.svc", parsed.Value.Name.Text);
        Assert.Equal((Own, 1L, 1L), Assert.Single(parsed.Value.Members) is var one
            ? (one.Genesis, one.Priority, one.Weight)
            : default);
        Assert.Equal(5, parsed.Value.Version);
        Assert.Equal(60_000, parsed.Value.TtlMax);
        Assert.Equal(Signer.Key.Kid, parsed.Value.Publisher);
        Assert.Null(new SignatureBudget(1).Verify(Signer.Key, parsed.Digest, set.Signatures[0].Value.Span));
    }

    /// <summary>Nothing is signed anew whose content the anchors hold, and another member is another content.</summary>
    [Fact]
    public void Set_OfTheAnchorsState_IsTheSameContent()
    {
        var desired = Desire("catalog.shop.svc.eu1.internal").Contents[Key];
        var (_, set) = Sign(desired, Now);
        var known = Assert.Single(Join(LeafClass.Set, set.Payload));
        Assert.Equal((Key, Now, desired.Fingerprint), (known.Name, known.Version, known.Content!.Fingerprint));
        var planner = new RecordPlanner(TimeSpan.FromHours(24));
        Assert.Null(planner.Next(Key, desired, false, known, Now, () => default));
        var other = Desire("catalog.shop.svc.eu1.internal priority=1").Contents[Key];
        Assert.True(planner.Next(Key, other, false, known, Now, () => default)!.Version > Now);
    }

    [Fact]
    public void Set_ThatIsNotDesiredAnyMore_IsWithdrawnAsASet()
    {
        var desired = Desire("catalog.shop.svc.eu1.internal").Contents[Key];
        var (_, set) = Sign(desired, 5);
        var known = Assert.Single(Join(LeafClass.Set, set.Payload));
        var plan = new RecordPlanner(TimeSpan.FromHours(24)).Next(Key, null, false, known, Now, () => default)!;
        var entry = new DocumentMaker(Signer, static bytes => bytes.Fill(7)).Sign(plan);
        Assert.Equal("withdraw", entry.Type);
        Assert.True(Document.TryParse<Withdraw>(entry.Document.Payload, out var gone, out var refusal),
            refusal?.ToString());
        Assert.Equal(((long)LeafClass.Set, "catalog.shop.svc"), (gone.Value.Class, gone.Value.Name));
        Assert.Null(gone.Value.Uid);
        Assert.Equal(string.Concat(Enumerable.Repeat("07", 16)), gone.Value.Opening.ToString());

        var withdrawn = Document.Make(new Withdrawn
        {
            Expires = Now + 1000, Name = "catalog.shop.svc", Of = gone.Digest, OfClass = (long)LeafClass.Set,
            Opening = gone.Value.Opening, Version = gone.Value.Version,
        });
        var lapsed = Assert.Single(Join(LeafClass.Withdrawn, withdrawn.Payload));
        Assert.Equal((Key, gone.Value.Version, null), (lapsed.Name, lapsed.Version, lapsed.Content));
    }

    [Fact]
    public void Import_WhoseMemberIsNotTold_HoldsWhatIsPublished()
    {
        var desired = Desire("catalog.shop.svc.us1.internal");
        Assert.DoesNotContain(Key, desired.Contents.Keys);
        Assert.Equal([Key], desired.Held);
    }

    private static DesiredState Desire(string members)
    {
        var yaml = $$"""
            apiVersion: multicluster.x-k8s.io/v1alpha1
            kind: ServiceImport
            metadata: {name: catalog, namespace: shop, annotations: {fairlead.dev/members: '{{members}}'} }
            ---
            apiVersion: multicluster.x-k8s.io/v1alpha1
            kind: ServiceExport
            metadata: {name: catalog, namespace: shop}
            ---
            apiVersion: v1
            kind: Service
            metadata: {name: catalog, namespace: shop}
            spec: {ports: [{port: 80}] }
            """;
        var controller = new ManifestController(
            new() { Segment = "eu1.internal", Genesis = Own }, Signer.Key.Kid, NullLogger.Instance);
        return controller.Take(new([("m.yaml", Encoding.UTF8.GetBytes(yaml))], []));
    }

    private static (string Type, Envelope Document) Sign(Content content, long version)
    {
        var leaf = new KnownLeaf(content.Name, default, version, Now + 86_400_000, content);
        var entry = new DocumentMaker(Signer, RandomNumberGenerator.Fill).Sign(new Plan(content, leaf, Now));
        return (entry.Type, entry.Document);
    }

    private static IReadOnlyList<KnownLeaf> Join(LeafClass kind, ReadOnlyMemory<byte> payload) =>
        KnownLeaves.Join([[new StateLeaf(kind, payload)]], Signer.Key, withSources: false);
}
