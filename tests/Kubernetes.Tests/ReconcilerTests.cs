using System.Net;
using Fairlead.Kubernetes.Generation;
using Fairlead.Kubernetes.Manifests;
using Fairlead.Kubernetes.Reconciling;

namespace Fairlead.Kubernetes.Tests;

public sealed class ReconcilerTests
{
    private static readonly ReconcileOptions Options = new() { Segment = "us1.internal", Region = "us-east" };

    public static TheoryData<string> Cases =>
        [.. Directory.GetDirectories(Paths.Cases).Select(folder => Path.GetFileName(folder)!).Order(
            StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Reconcile_Case_GivesItsGolden(string name)
    {
        var folder = Path.Combine(Paths.Cases, name);
        var file = ManifestReader.Read("input.yaml", File.ReadAllBytes(Path.Combine(folder, "input.yaml")));
        var result = Reconciler.Reconcile(file.IsGood ? file.Content : ManifestContent.Empty, Options);
        Golden.Check(Path.Combine(folder, "desired.golden.json"), new
        {
            Refused = file.IsGood ? null : file.Problems.Select(problem => problem.ToString()),
            result.Records,
            result.Held,
            Problems = result.Problems.Select(problem => problem.ToString()),
        });
    }

    [Theory]
    [InlineData("us1.internal")]
    [InlineData("eu1.internal")]
    public void Reconcile_Samples_GiveTheirGolden(string segment)
    {
        var folder = new ManifestFolder();
        folder.Update(Directory.GetFiles(Path.Combine(Paths.Samples, segment), "*.yaml")
            .Select(file => (Path.GetFileName(file), (byte[]?)File.ReadAllBytes(file))));
        Assert.Empty(folder.Problems);
        var result = Reconciler.Reconcile(folder.Content, new() { Segment = segment });
        Assert.Empty(result.Problems);
        Golden.Check(Path.Combine(Paths.Cases, "..", $"samples.{segment}.golden.json"), result.Records);
    }

    [Fact]
    public void Reconcile_AnyOrderOfObjects_GivesTheSame()
    {
        const int seed = 20261124;
        var random = new Random(seed);
        var content = Content(ManifestGenerator.Write(7, 230));
        var expected = Describe(Reconciler.Reconcile(content, Options));
        for (var round = 0; round < 20; round++)
        {
            var services = content.Services.ToArray();
            var slices = content.EndpointSlices
                .Select(slice => slice with { Endpoints = Shuffled(slice.Endpoints, random) })
                .ToArray();
            var exports = content.ServiceExports.ToArray();
            random.Shuffle(services);
            random.Shuffle(slices);
            random.Shuffle(exports);
            var actual = Describe(Reconciler.Reconcile(new(services, slices, exports), Options));
            Assert.True(expected == actual, $"seed {seed}, round {round}");
        }
    }

    [Theory]
    [InlineData(1, 0, 0)]
    [InlineData(3, 100, 1)]
    [InlineData(2, 101, 2)]
    [InlineData(1, 12_800, 128)]
    public void Reconcile_Generated_HasEveryEndpointOnce(int services, int endpoints, int slices)
    {
        var result = Reconciler.Reconcile(Content(ManifestGenerator.Write(services, endpoints)), Options);
        Assert.Empty(result.Problems);
        Assert.Equal(services, result.Records.Count);
        Assert.All(result.Records, record =>
        {
            Assert.Equal(slices, record.Slices.Count);
            Assert.Equal(endpoints, record.Slices.SelectMany(slice => slice.Endpoints).Select(
                e => e.Address).Distinct().Count());
            Assert.All(record.Slices, slice => Assert.InRange(slice.Endpoints.Count, 1, Reconciler.SliceEndpointsMax));
        });
    }

    [Fact]
    public void Reconcile_TooManyEndpoints_HoldsTheName()
    {
        var result = Reconciler.Reconcile(Content(ManifestGenerator.Write(1, 12_801)), Options);
        Assert.Empty(result.Records);
        Assert.Equal(["svc-00000.shop.svc"], result.Held);
        Assert.Contains("128 slices", Assert.Single(result.Problems).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Reconcile_ManySmallSlices_ArePacked()
    {
        var service = ManifestGenerator.Numbered(0, 1);
        var content = Content([("a.yaml", ManifestGenerator.Write(service))]);
        var slice = content.EndpointSlices[0];
        var many = Enumerable.Range(0, 300).Select(index => slice with
        {
            Key = slice.Key with { Name = $"s-{index:d3}" },
            Endpoints =
            [
                slice.Endpoints[0] with { Address = new IPAddress([10, 0, (byte)(index / 250), (byte)(index % 250)]) },
            ],
        });
        var result = Reconciler.Reconcile(content with { EndpointSlices = [.. many] }, Options);
        Assert.Equal(3, Assert.Single(result.Records).Slices.Count);
    }

    [Fact]
    public void Reconcile_OneEndpointRemoved_LeavesOtherSlices()
    {
        var service = ManifestGenerator.Numbered(0, 300);
        var before = Content([("a.yaml", ManifestGenerator.Write(service))]);
        var first = before.EndpointSlices[0];
        var after = before with
        {
            EndpointSlices = [first with { Endpoints = [.. first.Endpoints.Skip(1)] }, .. before.EndpointSlices.Skip(
                1)],
        };
        var old = Assert.Single(Reconciler.Reconcile(before, Options).Records).Slices.Select(Describe).ToList();
        var changed = Assert.Single(Reconciler.Reconcile(after, Options).Records).Slices.Select(Describe).ToList();
        Assert.NotEqual(old[0], changed[0]);
        Assert.Equal(old[1..], changed[1..]);
    }

    [Fact]
    public void Reconcile_WithCache_GivesTheSameAndKeepsInstances()
    {
        var folder = new ManifestFolder();
        folder.Update(ManifestGenerator.Write(20, 3).Select(file => Reading.File(file.File, file.Text)));
        var cache = new ReconcileCache();
        var before = Reconciler.Reconcile(folder.Content, Options, cache);
        for (var round = 0; round < 5; round++)
        {
            var changed = ManifestGenerator.Numbered(round, 4);
            folder.Update([Reading.File($"{changed.Name}.yaml", round == 4 ? null : ManifestGenerator.Write(changed))]);
            var after = Reconciler.Reconcile(folder.Content, Options, cache);
            Assert.Equal(Describe(Reconciler.Reconcile(folder.Content, Options)), Describe(after));
            Assert.Equal(19, after.Records.Count(record => before.Records.Any(old => ReferenceEquals(old, record))));
            before = after;
        }
    }

    private static ManifestContent Content(IEnumerable<(string File, string Text)> files)
    {
        var folder = new ManifestFolder();
        folder.Update(files.Select(file => Reading.File(file.File, file.Text)));
        Assert.Empty(folder.Problems);
        return folder.Content;
    }

    private static T[] Shuffled<T>(IReadOnlyList<T> items, Random random)
    {
        var copy = items.ToArray();
        random.Shuffle(copy);
        return copy;
    }

    private static string Describe(object value) => System.Text.Json.JsonSerializer.Serialize(value);
}
