using System.Globalization;
using System.Threading.Channels;
using Fairlead.Xds;
using Fairlead.XdsHost;
using Xunit;

namespace Fairlead.Bench.Tests;

/// <summary>The host that is measured beside others keeps to the contract that their client expects.</summary>
public sealed class XdsHostTests
{
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(2);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public void Names_HaveTheirEndpointsOverThreeZones_AndNoOthersAreThere()
    {
        var services = new ServiceList(names: 3, endpoints: 100);
        var endpoints = services.Open(ClientNode.Anonymous, null).Current.Resources(ResourceType.Endpoints);
        Assert.Equal(["svc-0", "svc-1", "svc-2"], endpoints.Keys.Order(StringComparer.Ordinal));
        var assignment = Assignments.Of("svc-0", 100, 0);
        Assert.Equal(3, assignment.Endpoints.Count);
        Assert.Equal(100, assignment.Endpoints.Sum(zone => zone.LbEndpoints.Count));
        Assert.InRange(assignment.CalculateSize(), 2_500, 3_100);
    }

    [Fact]
    public void Change_IsOfOneNameOnly_AndEachIsAnother()
    {
        var services = new ServiceList(names: 3, endpoints: 2);
        var view = services.Open(ClientNode.Anonymous, null);
        string VersionOf(string name) => view.Current.Find(ResourceType.Endpoints, name)!.Version;
        var (first, other) = (VersionOf("svc-1"), VersionOf("svc-2"));
        Assert.True(services.Change("svc-1"));
        var second = VersionOf("svc-1");
        Assert.True(services.Change("svc-1"));
        Assert.Equal(3, new[] { first, second, VersionOf("svc-1") }.Distinct().Count());
        Assert.Equal(other, VersionOf("svc-2"));
    }

    [Theory]
    [InlineData("svc-3")]
    [InlineData("svc--1")]
    [InlineData("svc-")]
    [InlineData("other-1")]
    public void Change_OfAnotherName_IsRefused(string name) =>
        Assert.False(new ServiceList(names: 3, endpoints: 1).Change(name));

    [Theory]
    [InlineData("--listen is missing")]
    [InlineData("--names 0", "--listen", "unix:/tmp/x", "--names", "0")]
    [InlineData("--listen nowhere", "--listen", "nowhere")]
    [InlineData("--endpoints ", "--listen", "127.0.0.1:0", "--endpoints")]
    [InlineData("--other 1", "--other", "1")]
    public async Task Arguments_ThatSayNothing_AreUsage(string said, params string[] arguments)
    {
        using var errors = new StringWriter(CultureInfo.InvariantCulture);
        Assert.Equal(2, await HostProgram.RunAsync(arguments, ServiceList.Open, TextReader.Null, TextWriter.Null, errors));
        Assert.StartsWith(said, errors.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Host_IsReady_TakesChanges_AndEndsWithItsInput()
    {
        using var folder = new ScratchFolder();
        var (input, output) = (new Lines(), new StringWriter(CultureInfo.InvariantCulture));
        string[] arguments = ["--listen", "unix:" + folder.File("x.sock"), "--names", "2", "--endpoints", "3"];
        var running = HostProgram.RunAsync(arguments, ServiceList.Open, input, output, TextWriter.Null);
        input.Say("u svc-0");
        input.End();
        Assert.Equal(0, await running.WaitAsync(Bound, Cancellation));
        Assert.Equal("ready\n", output.ToString());

        (input, var errors) = (new Lines(), new StringWriter(CultureInfo.InvariantCulture));
        running = HostProgram.RunAsync(arguments, ServiceList.Open, input, TextWriter.Null, errors);
        input.Say("u svc-2");
        Assert.Equal(3, await running.WaitAsync(Bound, Cancellation));
        Assert.StartsWith("u svc-2: ", errors.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Figures_OfTheClient_AreReadWithWhatTheyAreOf()
    {
        var figures = PeerLoad.Figures("variant=sotw n=1\np50_ms=0.37 rss_kb empty=1 idle=2 anon_kb idle=3 x_b=4\n");
        Assert.Equal((0.37, 2, 3, 4),
            (figures["p50_ms"], figures["rss_kb idle"], figures["anon_kb idle"], figures["x_b"]));
    }

    // Lines that come when they are said.
    private sealed class Lines : TextReader
    {
        private readonly Channel<string> _lines = Channel.CreateUnbounded<string>();

        public void Say(string line) => _lines.Writer.TryWrite(line);

        public void End() => _lines.Writer.Complete();

        public override async ValueTask<string?> ReadLineAsync(CancellationToken cancellationToken) =>
            await _lines.Reader.WaitToReadAsync(cancellationToken) && _lines.Reader.TryRead(out var line)
                ? line
                : null;
    }
}
