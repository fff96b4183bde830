using System.Net;
using System.Net.Sockets;
using Xunit;

namespace Fairlead.EndToEnd.Tests.Demo;

/// <summary>Demos beside each other, and demos that cannot start.</summary>
public sealed class TwoDemosTests(KeptDemo kept)
{
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(10);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Keep_BesideAnother_HasItsOwnAddressesAndEndsBySigint()
    {
        var first = await kept.GetAsync();
        using var folder = new TemporaryFolder();
        await using var process = Programs.Start(Programs.Line("Cli", "demo", "--keep", "--env-file", folder["e"]));
        var second = await DemoEnvironment.WaitForAsync(process, folder["e"], Bound, Cancellation);

        Assert.NotEqual(first.Block, second.Block);
        Assert.All(
            new[] { "XDS_SOCKET", "XDS_ADDRESS", "ADMIN_ADDRESS", "GENESIS_EU1" },
            key => Assert.NotEqual(first[key], second[key]));
        Assert.NotEqual(first.EnvoyPort, second.EnvoyPort);
        (await second.FairleadAsync("resolve", DemoEnvironment.Checkout)).Ends(0);
        process.Signal(Signals.Int);

        var (code, output) = await process.WaitForExitAsync(Bound, Cancellation);
        Assert.True(code == 0, $"ended with {code}: {output}{process.Errors}");
        Remains.None(second.Folder);
        (await first.FairleadAsync("resolve", DemoEnvironment.Checkout)).Ends(0);
    }

    [Fact]
    public async Task Keep_ToldToEndWhileItStarts_EndsWithNothingLeft()
    {
        await using var process = Programs.Start(Programs.Line("Cli", "demo", "--keep"));
        string line;
        do
        {
            line = await process.ReadLineAsync(Bound, Cancellation);
        }
        while (!line.Contains("logs are in ", StringComparison.Ordinal));

        process.Signal(Signals.Term);

        var (code, output) = await process.WaitForExitAsync(Bound, Cancellation);
        Assert.True(code == 0, $"ended with {code}: {output}{process.Errors}");
        Remains.None(line.Split("logs are in ")[1]);
    }

    [Fact]
    public async Task Demo_AddressOfABackendInUseEverywhere_IsNamed()
    {
        // Where other demos run, their blocks are taken in another way; in what is left, this listens.
        List<TcpListener> listeners = [];
        try
        {
            for (var block = 0; block < 32; block++)
            {
                var listener = new TcpListener(IPAddress.Parse($"127.{block}.21.11"), 18080);
                try
                {
                    listener.Start();
                    listeners.Add(listener);
                }
                catch (SocketException)
                {
                    listener.Dispose();
                }
            }

            Assert.NotEmpty(listeners);
            (await Programs.FairleadAsync("demo", "--keep"))
                .Fails(2, ".21.11:18080", "end another demo or the process that listens there");
        }
        finally
        {
            listeners.ForEach(listener => listener.Dispose());
        }
    }

    [Fact]
    public async Task Demo_ListenerInUse_IsNamed()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;

        (await Programs.FairleadAsync("demo", "--keep", "--listener", $"{port}"))
            .Fails(2, $"127.0.0.1:{port} is in use", "choose another port");
    }

    [Theory]
    [InlineData("--env-file /nowhere/at/all --keep", "--env-file /nowhere/at/all: ")]
    [InlineData("--env-file demo.env", "needs --keep")]
    [InlineData("--policy default", "need --keep")]
    [InlineData("--below-a-parent", "need --keep")]
    [InlineData("--keep --policy nonsense", "there are default, demo, demo-continuity")]
    [InlineData("--listener 70000", "a port is 1 to 65535")]
    [InlineData("--repository /nowhere", "holds no samples/shop")]
    [InlineData("--checks 1,99", "there is no check 99; there are 1, 1b, 2,")]
    [InlineData("--outage 0", "--outage 0: 1 to 600 seconds")]
    [InlineData("--checks 1 --keep", "runs none: give one")]
    public async Task Demo_OptionWrong_IsNamed(string options, string part) =>
        (await Programs.FairleadAsync(["demo", .. options.Split(' ')])).Fails(2, part);

    [Fact]
    public async Task Demo_NoTemporaryFolder_IsNamed() => (await Programs.RunAsync(
        Programs.Line("Cli", "demo", "--keep"), new Dictionary<string, string?> { ["TMPDIR"] = "/nowhere" }))
        .Fails(2, "/nowhere", "set TMPDIR");
}
