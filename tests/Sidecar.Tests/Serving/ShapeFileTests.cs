using System.Text;
using Fairlead.Resolver.State;
using Fairlead.Sidecar.Serving;
using Fairlead.Sidecar.Translation;

namespace Fairlead.Sidecar.Tests.Serving;

public sealed class ShapeFileTests : IDisposable
{
    private const string Good = "good.shop.svc.us1.internal";

    private readonly string _folder = Directory.CreateTempSubdirectory("fairlead-shapes-").FullName;

    private string File => Path.Combine(_folder, "imports.state");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>The names of one segment must not cost others what is remembered of theirs.</summary>
    [Fact]
    public async Task Names_ForWhichThereIsNoRoom_AreTheLargest()
    {
        var large = Enumerable.Range(0, 600).Select(i => $"n{i}.shop.svc.evil.internal").ToList();
        HashSet<string> imports = [Good, .. large];
        await using (var shapes = Open(imports))
        {
            large.ForEach(name => shapes.Remember(Named(name, 100)));
            shapes.Remember(Named(Good, 1));
        }

        await using var again = Open(imports);
        Assert.Equal([80], again.Pending(Good, ClientTls.None).Ports.Select(port => port.Number));
        Assert.InRange(large.Count(name => !again.Pending(name, ClientTls.None).Ports.IsEmpty), 1, 599);
    }

    [Theory]
    [InlineData("10000000000")]
    [InlineData("1e300")]
    [InlineData("-1")]
    public async Task Bound_ThatIsNone_CostsNoName(string bound)
    {
        new DurableFile(File).Save(Encoding.UTF8.GetBytes(
            $$"""{"{{Good}}":[{"number":80,"protocol":"http","stream_max_ms":{{bound}}}]}"""));
        await using var shapes = Open([Good]);
        var name = shapes.Pending(Good, ClientTls.None);
        Assert.Equal([80], name.Ports.Select(port => port.Number));
        Assert.Null(name.StreamMax);
    }

    private ShapeFile Open(HashSet<string> imports) =>
        new(File, imports, reason => throw new InvalidOperationException(reason));

    private static ServedName Named(string name, int ports)
    {
        var long63 = new string('p', 63);
        return ServedName.Without(
            name, Reasons.Expired,
            [.. Enumerable.Range(0, ports).Select(i => new ServedPort(long63, 80 + i, "http"))]);
    }
}
