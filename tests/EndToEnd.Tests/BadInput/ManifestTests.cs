using Fairlead.EndToEnd.Tests.Demo;
using Fairlead.TestKit.Processes;
using Xunit;

namespace Fairlead.EndToEnd.Tests.BadInput;

/// <summary>
/// Manifests that go bad under a running controller: it names file and line with the remedy, and what was good last is
/// served on, in the sidecar and through the anchors.
/// </summary>
public sealed class ManifestTests(KeptDemo kept)
{
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(5);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("items:", "items: [", "checkout.yaml:7: ", "not YAML")]
    [InlineData("items:", "x: DEEP\nitems:", "checkout.yaml:6: ", "nested deeper than")]
    [InlineData("127.N.21.12", "127.0.21.999", "checkout.yaml:56: ", "'127.0.21.999' is no IPv4 address (BadAddress)")]
    [InlineData("port: 18080", "port: 70000", "checkout.yaml:93: ", "port '70000' is no port: give a number from 1 to")]
    [InlineData("name: checkout\n    namespace: shop\n    resourceVersion: \"1840211\"",
        "name: LONG\n    namespace: shop\n    resourceVersion: \"1840211\"",
        "checkout.yaml:15: ", "out of the limits (BadName)")]
    public async Task Manifest_GoesBad_IsNamedAndTheLastGoodStateServes(
        string from, string to, string place, string message)
    {
        var demo = await kept.GetAsync();
        var manifest = Path.Combine(demo.Us1, "checkout.yaml");
        var good = await File.ReadAllTextAsync(manifest, Cancellation);
        var bad = good.Replace(
            from.Replace("N", $"{demo.Block}", StringComparison.Ordinal),
            to.Replace("LONG", new string('x', 64), StringComparison.Ordinal)
                .Replace("DEEP", new string('[', 200) + new string(']', 200), StringComparison.Ordinal),
            StringComparison.Ordinal);
        Assert.NotEqual(good, bad);

        await CheckAsync(demo, manifest, bad, good, place, message);
    }

    [Fact]
    public async Task Manifest_DuplicateService_NamesBothPlaces()
    {
        var demo = await kept.GetAsync();
        var manifest = Path.Combine(demo.Us1, "again.yaml");

        await CheckAsync(
            demo,
            manifest,
            "apiVersion: v1\nkind: Service\nmetadata: {name: checkout, namespace: shop}\nspec: {ports: [{port: 81}]}\n",
            null,
            "again.yaml:1: duplicate Service shop/checkout, which already stands at ",
            "checkout.yaml:7: remove one of them");
    }

    private static async Task CheckAsync(
        DemoEnvironment demo, string manifest, string bad, string? good, string place, string message)
    {
        var log = Path.Combine(demo.Folder, "controller-us1.log");
        var before = (await ResolveAsync(demo)).ToList();
        var read = (await File.ReadAllTextAsync(log, Cancellation)).Length;
        try
        {
            await ReplaceAsync(manifest, bad);
            var said = await Eventually.HoldsAsync(
                async () => (await File.ReadAllTextAsync(log, Cancellation))[read..],
                text => text.Contains("[7001]", StringComparison.Ordinal) && text.EndsWith('\n'),
                Bound,
                Cancellation);
            Assert.Contains(place, said, StringComparison.Ordinal);
            Assert.Contains(message, said, StringComparison.Ordinal);
            Assert.Equal(before, await ResolveAsync(demo));
        }
        finally
        {
            if (good is null)
            {
                File.Delete(manifest);
            }
            else
            {
                await ReplaceAsync(manifest, good);
            }
        }

        await Eventually.HoldsAsync(
            async () => (await File.ReadAllTextAsync(log, Cancellation))[read..],
            text => text.Contains("manifests are free of problems again", StringComparison.Ordinal),
            Bound,
            Cancellation);
        Assert.Equal(before, await ResolveAsync(demo));
    }

    private static async Task ReplaceAsync(string file, string text)
    {
        await File.WriteAllTextAsync(file + ".tmp", text, Cancellation);
        File.Move(file + ".tmp", file, overwrite: true);
    }

    private static async Task<IEnumerable<string>> ResolveAsync(DemoEnvironment demo) =>
        (await demo.FairleadAsync("resolve", DemoEnvironment.Checkout, "--output", "json")).Ends(0)
            .Json["endpoints"]!.AsArray().Select(endpoint => (string)endpoint!["address"]!);
}
