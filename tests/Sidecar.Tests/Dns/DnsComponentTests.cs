using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading.Channels;
using Fairlead.Configuration;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Resolver;
using Fairlead.Sidecar.Dns;
using Fairlead.TestKit;
using Fairlead.TestKit.Answers;
using Fairlead.TestKit.Processes;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Sidecar.Tests.Dns;

public sealed class DnsComponentTests
{
    private const string Nothing = "";
    private const string Checkout = "checkout.shop.svc.us1.internal";

    private static readonly CancellationToken Token = TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(Nothing, false)]
    [InlineData("dns: {enabled: false, address: 127.0.0.1:5}", false)]
    [InlineData("dns: {enabled: true}", true)]
    [InlineData("dns: {address: 127.0.0.1:5}", true)]
    public void Settings_SayWhetherDnsIsOn(string yaml, bool expected) =>
        Assert.Equal(expected, Read(yaml, out _) is not null);

    [Fact]
    public void Settings_HaveTheirDefaults()
    {
        var settings = Read("dns: {enabled: true}", out var errors)!;
        Assert.Empty(errors);
        Assert.Equal("127.0.0.1:16053", settings.Address.ToString());
        Assert.Null(settings.Upstreams);
        Assert.Empty(settings.Zones);
        Assert.Empty(settings.OwnPorts);
        Assert.Equal("127.99.0.0/16", settings.Vips.Network.ToString());
        Assert.Equal(TimeSpan.FromSeconds(5), settings.TtlMax);
    }

    [Fact]
    public void Settings_AllGiven_AreRead()
    {
        var settings = Read(
            """
            dns:
              address: 127.0.0.1:53
              upstreams: [10.0.0.10, "127.0.0.1:5353", "fd00::a", "[fd00::a]:54"]
              zones: [acme.internal, us1.example.com]
              vip_cidr: 127.7.0.0/24
              own_ports: [9090, 8080, 9090]
              ttl_max: 30s
            """,
            out var errors)!;
        Assert.Empty(errors);
        Assert.Equal(
            "10.0.0.10:53 127.0.0.1:5353 [fd00::a]:53 [fd00::a]:54", string.Join(' ', settings.Upstreams!.Value));
        Assert.Equal(["acme.internal", "us1.example.com"], settings.Zones.Select(zone => zone.Text));
        Assert.Equal(254u, settings.Vips.Count);
        Assert.Equal([8080, 9090], settings.OwnPorts);
        Assert.Empty(Read("dns: {upstreams: []}", out _)!.Upstreams!.Value);
    }

    [Theory]
    [InlineData("dns: {vip_cidr: 127.99.0.1/16}", "vip_cidr")]
    [InlineData("dns: {upstreams: [dns.example.com]}", "upstreams")]
    [InlineData("dns: {address: 127.0.0.1:53, upstreams: [127.0.0.1]}", "which is this server itself")]
    [InlineData("dns: {zones: [svc.us1.internal]}", "zones")]
    [InlineData("dns: {ttl_max: 2h}", "ttl_max")]
    [InlineData("dns: {own_ports: [0]}", "own_ports")]
    [InlineData("dns: {own_ports: [+80]}", "own_ports")]
    [InlineData("dns: {own_ports: [080]}", "own_ports")]
    [InlineData("dns: {adress: 127.0.0.1:5}", "adress")]
    public void Settings_ThatAreWrong_AreNamed(string yaml, string named)
    {
        _ = Read(yaml, out var errors);
        Assert.Contains(errors, error => error.Contains(named, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Component_FromAVerifiedAnswerToAnAddress_WhichARestartKeeps()
    {
        var folder = Directory.CreateTempSubdirectory("fairlead-dns-");
        try
        {
            var first = await AskOnceAsync(folder.FullName, "127.99.0.0/16");
            Assert.Equal("127.99.144.187", first.ToString());
            Assert.True(File.Exists(Path.Combine(folder.FullName, "vips.state")));
            Assert.Equal(first, await AskOnceAsync(folder.FullName, "127.99.0.0/16"));
            Assert.StartsWith("127.98.", (await AskOnceAsync(folder.FullName, "127.98.0.0/16")).ToString(),
                StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>Clients keep an address longer than any TTL says, and ask no more: it works after a restart as soon
    /// as its name is served and its ports are free, though nobody asks DNS for anything.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Address_GivenBeforeARestart_WorksThoughNobodyAsks(bool isKnownAtOnce)
    {
        var folder = Directory.CreateTempSubdirectory("fairlead-dns-");
        try
        {
            var address = await AskOnceAsync(folder.FullName, "127.99.0.0/16");
            var world = new PeerWorld();
            var held = isKnownAtOnce ? Verify(world) : null;
            var wanted = new List<string>();
            var listened = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
            var (time, tries) = (new ManualTimeProvider(), 0);
            var component = DnsComponent.Start(
                Read("dns: {address: 127.0.0.1:0, upstreams: []}", out _)!,
                new DnsSurroundings
                {
                    Home = world.Eu1.Name,
                    Known = [],
                    StateFolder = folder.FullName,
                    Find = name => name == Checkout ? held : null,
                    Renew = _ => { },
                    Interest = (name, isWanted) => wanted.Add($"{name} {isWanted}"),
                    Ready = (name, at, _, _) =>
                    {
                        // Somebody else has its port at first.
                        if (Interlocked.Increment(ref tries) <= 2)
                        {
                            return ValueTask.FromResult<VipTrouble?>(new("taken"));
                        }

                        listened.TrySetResult($"{name} {at}");
                        return ValueTask.FromResult<VipTrouble?>(null);
                    },
                },
                time, new StrongRandom(), NullLoggerFactory.Instance);
            await using (component)
            {
                component.ReopenKept();
                Assert.Equal([$"{Checkout} True"], wanted);
                if (!isKnownAtOnce)
                {
                    component.Publish(new CachedName(Checkout, NameState.Unreachable, null, 0, 0, 0, null));
                    Assert.False(listened.Task.IsCompleted);
                    component.Publish(Verify(world));
                }

                foreach (var pause in new[] { 1, 2 })
                {
                    await Eventually.HoldsAsync(
                        () => Task.FromResult(time.Armed), armed => armed > 0, TimeSpan.FromMinutes(2), Token);
                    Assert.False(listened.Task.IsCompleted);
                    time.Advance(TimeSpan.FromSeconds(pause));
                }

                Assert.Equal($"{Checkout} {address}", await listened.Task.WaitAsync(TimeSpan.FromMinutes(2), Token));
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>An address at which nothing can listen as its name is costs one look for each word of the name, and no
    /// timer.</summary>
    [Fact]
    public async Task Address_OfANameWithoutAPortOfHttp_IsTriedAgainWhenTheNameChanges()
    {
        var folder = Directory.CreateTempSubdirectory("fairlead-dns-");
        try
        {
            await AskOnceAsync(folder.FullName, "127.99.0.0/16");
            var world = new PeerWorld();
            var time = new ManualTimeProvider();
            var tries = Channel.CreateUnbounded<string>();
            var component = DnsComponent.Start(
                Read("dns: {address: 127.0.0.1:0, upstreams: []}", out _)!,
                new DnsSurroundings
                {
                    Home = world.Eu1.Name,
                    Known = [],
                    StateFolder = folder.FullName,
                    Find = _ => null,
                    Interest = (_, _) => { },
                    Renew = _ => { },
                    Ready = (name, _, _, _) =>
                    {
                        tries.Writer.TryWrite(name);
                        return ValueTask.FromResult<VipTrouble?>(new("no port of HTTP", IsLasting: true));
                    },
                },
                time, new StrongRandom(), NullLoggerFactory.Instance);
            await using (component)
            {
                component.ReopenKept();
                component.Publish(Verify(world));
                Assert.Equal(Checkout, await tries.Reader.ReadAsync(Token));

                // Each word is heard once the try before it has ended.
                await Eventually.HoldsAsync(
                    () =>
                    {
                        component.Publish(Verify(world));
                        return Task.FromResult(tries.Reader.TryRead(out _));
                    },
                    isTried => isTried, TimeSpan.FromMinutes(2), Token);
                Assert.Equal(0, time.Armed);
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>A word that comes while the one before is tried is heard too, though no other one follows, and
    /// whatever comes of that try. Behind a word the pauses begin anew.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Address_OfANameThatChangesDuringATry_IsTriedAgainAtOnce(bool isInVain)
    {
        var folder = Directory.CreateTempSubdirectory("fairlead-dns-");
        try
        {
            await AskOnceAsync(folder.FullName, "127.99.0.0/16");
            var world = new PeerWorld();
            var time = new ManualTimeProvider();
            var tries = Channel.CreateUnbounded<TaskCompletionSource<VipTrouble?>>();
            var component = DnsComponent.Start(
                Read("dns: {address: 127.0.0.1:0, upstreams: []}", out _)!,
                new DnsSurroundings
                {
                    Home = world.Eu1.Name,
                    Known = [],
                    StateFolder = folder.FullName,
                    Find = _ => null,
                    Interest = (_, _) => { },
                    Renew = _ => { },
                    Ready = (_, _, _, _) =>
                    {
                        var fate = new TaskCompletionSource<VipTrouble?>();
                        tries.Writer.TryWrite(fate);
                        return new ValueTask<VipTrouble?>(fate.Task);
                    },
                },
                time, new StrongRandom(), NullLoggerFactory.Instance);
            await using (component)
            {
                using var patience = CancellationTokenSource.CreateLinkedTokenSource(Token);
                patience.CancelAfter(TimeSpan.FromMinutes(2));
                component.ReopenKept();
                component.Publish(Verify(world));
                for (var words = 0; words < 4; words++)
                {
                    var fate = await tries.Reader.ReadAsync(patience.Token);
                    component.Publish(Verify(world));
                    fate.SetResult(isInVain ? new("no port of HTTP", IsLasting: true) : null);
                }

                (await tries.Reader.ReadAsync(patience.Token)).SetResult(new("taken"));
                await Eventually.HoldsAsync(
                    () => Task.FromResult(time.Armed), armed => armed > 0, TimeSpan.FromMinutes(2), Token);
                time.Advance(TimeSpan.FromSeconds(1));
                (await tries.Reader.ReadAsync(patience.Token)).SetResult(null);
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>A stranger that is asked hears of the pod's names, and says that there are none; yet whoever leads an
    /// answer through a segment of its choice takes no names from the upstream by that.</summary>
    [Fact]
    public async Task Name_InTheTreeOfAnImport_IsAnsweredHere_AndNoneInOneThatAnAnswerLedThrough()
    {
        var world = new PeerWorld();
        var component = DnsComponent.Start(
            Read("dns: {address: 127.0.0.1:0, upstreams: []}", out _)!,
            new DnsSurroundings
            {
                Home = SegmentName.Parse("eu1.elsewhere.example"),
                Known = [SegmentName.Parse("imported.example")],
                StateFolder = null,
                Find = _ => null,
                Interest = (_, _) => { },
                Renew = _ => { },
                Ready = (_, _, _, _) => ValueTask.FromResult<VipTrouble?>(null),
            },
            new ManualTimeProvider(), new StrongRandom(), NullLoggerFactory.Instance);
        await using (component)
        {
            Assert.Equal(DnsRcode.Refused, await CodeOfAsync(component, "svc.us1.internal"));
            Assert.Equal(DnsRcode.NoError, await CodeOfAsync(component, "svc.us2.imported.example"));
            component.Publish(Verify(world));
            Assert.Equal(DnsRcode.Refused, await CodeOfAsync(component, "svc.us1.internal"));
        }
    }

    internal static async Task<DnsRcode> CodeOfAsync(DnsComponent component, string name)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(component.Server.Address, Token);
        await socket.SendAsync(DnsWriter.Write(ForwarderTests.Query(name, 1232), 512), Token);
        var buffer = new byte[1232];
        var length = await socket.ReceiveAsync(buffer, Token).AsTask().WaitAsync(TimeSpan.FromMinutes(2), Token);
        Assert.True(DnsReader.TryRead(buffer.AsSpan(0, length), out var response));
        return response.Header.Rcode;
    }

    // The resolver of this test verifies checkout when it is wanted, on a task of its own, and says so.
    private static async Task<IPAddress> AskOnceAsync(string folder, string range)
    {
        var world = new PeerWorld();
        var listened = new List<string>();
        CachedName? held = null;
        DnsComponent? component = null;
        var settings = Read($"dns: {{address: 127.0.0.1:0, upstreams: [], vip_cidr: {range}}}", out _)!;
        var surroundings = new DnsSurroundings
        {
            Home = world.Eu1.Name,
            Known = [],
            StateFolder = folder,
            Find = name => name == Checkout ? Volatile.Read(ref held) : null,
            Renew = _ => { },
            Interest = (name, isWanted) => _ = Task.Run(() =>
            {
                Assert.Equal((Checkout, true), (name, isWanted));
                Volatile.Write(ref held, Verify(world));
                component!.Publish(held!);
            }),
            Ready = (name, address, service, _) =>
            {
                listened.Add($"{name} {address} {string.Join(',', service.Ports.Select(port => port.Number))}");
                return ValueTask.FromResult<VipTrouble?>(null);
            },
        };
        component = DnsComponent.Start(
            settings, surroundings, new ManualTimeProvider(), new StrongRandom(), NullLoggerFactory.Instance);
        await using (component)
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            await socket.ConnectAsync(component.Server.Address, Token);
            await socket.SendAsync(DnsWriter.Write(ForwarderTests.Query(Checkout, 1232), 512), Token);
            var buffer = new byte[1232];
            var length = await socket.ReceiveAsync(buffer, Token).AsTask().WaitAsync(TimeSpan.FromMinutes(2), Token);
            Assert.True(DnsReader.TryRead(buffer.AsSpan(0, length), out var response));
            var address = new IPAddress(Assert.Single(response.Answers).Data.Span);
            Assert.Equal([$"{Checkout} {address} 80"], listened);
            return address;
        }
    }

    private static CachedName Verify(PeerWorld world)
    {
        var ask = world.Ask();
        var verdict = AnswerVerifier.Verify(world.State, ask.Query, world.Answer(), world.Now);
        var answer = Assert.IsType<Verdict.Accepted>(verdict).Answer;
        return new CachedName(Checkout, NameState.Fresh, answer, 0, long.MaxValue, 0, null);
    }

    private static DnsSettings? Read(string yaml, out List<string> errors)
    {
        var bytes = Encoding.UTF8.GetBytes(yaml == Nothing ? "{}" : yaml);
        var file = ConfigurationFile.Parse("test.yaml", "/", bytes, new Dictionary<string, string>());
        var settings = DnsSettings.Read(file.Root);
        errors = [];
        try
        {
            file.ThrowIfInvalid();
        }
        catch (ConfigurationException e)
        {
            errors.AddRange(e.Errors.Select(error => error.ToString()));
        }

        return settings;
    }
}
