using System.Net;
using System.Net.Sockets;
using Fairlead.Resolver;
using Fairlead.Sidecar.Dns;
using Fairlead.TestKit;
using Fairlead.TestKit.Processes;

namespace Fairlead.Sidecar.Tests.Dns;

public sealed class DnsServerTests
{
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(2);
    private static readonly CancellationToken Token = TestContext.Current.CancellationToken;

    [Fact]
    public async Task Udp_AService_HasItsAddressHere()
    {
        await using var host = DnsHost.Start();
        var response = await host.AskUdpAsync(Query("ChEckout.shop.svc.us1.internal"), Token);
        Assert.Equal(DnsRcode.NoError, response.Rcode);
        Assert.Equal(0x4242, response.Header.Id);
        Assert.True(response.Questions[0].Name.EqualsExactly(DnsName.Parse("ChEckout.shop.svc.us1.internal")));
        var answer = Assert.Single(response.Answers);
        Assert.Equal(host.Vip, new IPAddress(answer.Data.Span));
        Assert.Equal(5u, answer.Ttl);
        const int Expected = DnsHeader.Response | DnsHeader.Authoritative | DnsHeader.RecursionDesired
            | DnsHeader.RecursionAvailable;
        Assert.Equal(Expected, response.Header.Flags);
    }

    [Theory]
    [InlineData(null, 512)]
    [InlineData(100, 512)]
    [InlineData(900, 900)]
    [InlineData(4096, 1232)]
    public async Task Udp_ALargeAnswer_IsCutToWhatTheClientTakes(int? size, int limit)
    {
        await using var host = DnsHost.Start();
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(host.Server.Address, Token);
        await socket.SendAsync(Query(DnsHost.Big, (ushort?)size), Token);
        var buffer = new byte[ushort.MaxValue];
        var length = await socket.ReceiveAsync(buffer, Token).AsTask().WaitAsync(Bound, Token);
        Assert.InRange(length, limit - 16, limit);
        Assert.True(DnsReader.TryRead(buffer.AsSpan(0, length), out var response));
        Assert.True(response.Header.IsTruncated);
        Assert.Equal(size is null, response.Edns is null);
    }

    [Fact]
    public async Task Answers_AreCountedByTheirCode_WhereverTheyComeFrom()
    {
        using var upstream = new FakeUpstream((query, _) => [FakeUpstream.Answer(
            query, answer => answer with
            {
                Header = answer.Header with { Flags = (ushort)(answer.Header.Flags | 9) },
            })]);
        await using var host = DnsHost.Start(null, null, upstream.Address);
        var response = Query(DnsHost.Checkout);
        response[2] |= 0x80;
        using (var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp))
        {
            await socket.SendToAsync(response, SocketFlags.None, host.Server.Address, Token);
        }

        foreach (var name in new[] { "absent.shop.svc.us1.internal", "denied.shop.svc.us1.internal", "example.com" })
        {
            await host.AskUdpAsync(Query(name), Token);
        }

        await using var stream = await host.ConnectAsync(Token);
        foreach (var _ in new[] { 1, 2 })
        {
            await stream.WriteAsync(DnsHost.Frame(Query(DnsHost.Cart)), Token);
            await DnsHost.ReadAsync(stream, Token);
        }

        var counts = host.Server.Counts;
        Assert.Equal([("NOERROR", 2), ("NXDOMAIN", 1), ("REFUSED", 1)], counts.Answered.Values);
        Assert.Equal([("RCODE9", 1)], counts.Forwarded.Values);
        Assert.Equal(1, counts.Dropped.Value);
    }

    [Fact]
    public async Task Tcp_ALargeAnswer_IsWhole()
    {
        await using var host = DnsHost.Start();
        await using var stream = await host.ConnectAsync(Token);
        await stream.WriteAsync(DnsHost.Frame(Query(DnsHost.Big)), Token);
        var response = await DnsHost.ReadAsync(stream, Token);
        Assert.Equal(250, response.Answers.Count);
        Assert.False(response.Header.IsTruncated);
    }

    [Fact]
    public async Task Tcp_Questions_AreWorkedOnTogether_AndAnsweredWhenReady()
    {
        await using var host = DnsHost.Start();
        await using var stream = await host.ConnectAsync(Token);
        byte[] both = [.. DnsHost.Frame(Query("slow.shop.svc.us1.internal")), .. DnsHost.Frame(Query(DnsHost.Cart))];
        await stream.WriteAsync(both.AsMemory(0, 7), Token); // in pieces that are no messages
        await stream.WriteAsync(both.AsMemory(7), Token);
        var first = await DnsHost.ReadAsync(stream, Token);
        Assert.Equal(DnsName.Parse(DnsHost.Cart), first.Questions[0].Name);
        host.Publish(new NameView("slow.shop.svc.us1.internal", NameState.Absent, long.MaxValue));
        var second = await DnsHost.ReadAsync(stream, Token);
        Assert.Equal(DnsRcode.NXDomain, second.Rcode);
    }

    [Fact]
    public async Task Udp_ASlowName_DoesNotHoldUpOthers_AndEndsWithTheBudget()
    {
        var time = new ManualTimeProvider();
        await using var host = DnsHost.Start(time);
        var wanted = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        host.Names.OnWant = name =>
        {
            if (name.StartsWith("slow", StringComparison.Ordinal))
            {
                wanted.TrySetResult();
            }
        };
        var slow = host.AskUdpAsync(Query("slow.shop.svc.us1.internal"), Token);
        await wanted.Task.WaitAsync(Bound, Token);
        Assert.Equal(DnsRcode.NoError, (await host.AskUdpAsync(Query(DnsHost.Cart), Token)).Rcode);
        var response = await AdvanceUntil(time, slow);
        Assert.Equal(DnsRcode.ServFail, response.Rcode);
        Assert.Equal(ExtendedErrorCode.NotReady, Assert.Single(response.Edns!.Errors).Code);
    }

    [Fact]
    public async Task Udp_MoreWaitingQuestionsThanAllowed_FailAtOnce()
    {
        await using var host = DnsHost.Start(new ManualTimeProvider(), options => options with { WaitingMax = 1 });
        await using var stream = await host.ConnectAsync(Token);
        await stream.WriteAsync(DnsHost.Frame(Query("slow.shop.svc.us1.internal")), Token);
        await stream.WriteAsync(DnsHost.Frame(Query("slow2.shop.svc.us1.internal")), Token);
        var response = await DnsHost.ReadAsync(stream, Token);
        Assert.Equal((DnsRcode.ServFail, "too many questions wait"),
            (response.Rcode, Assert.Single(response.Edns!.Errors).Text));
        Assert.Equal(DnsRcode.NoError, (await host.AskUdpAsync(Query(DnsHost.Cart), Token)).Rcode);
    }

    /// <summary>Neither an upstream that takes everything and answers nothing nor traversals that do not end cost an
    /// answer that is there, nor one another's places.</summary>
    [Fact]
    public async Task Udp_WhileOthersWait_WhatIsThereIsAnswered()
    {
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var silent = new FakeUpstream((_, _) =>
        {
            asked.TrySetResult();
            return [];
        });
        await using var host = DnsHost.Start(
            new ManualTimeProvider(), options => options with { WaitingMax = 1 }, silent.Address);
        var wanted = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        host.Names.OnWant = name => _ = name.StartsWith("slow", StringComparison.Ordinal) && wanted.TrySetResult();
        Assert.Equal(DnsRcode.NoError, (await host.AskUdpAsync(Query(DnsHost.Checkout), Token)).Rcode);

        using var waiting = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        await waiting.SendToAsync(Query("example.com"), SocketFlags.None, host.Server.Address, Token);
        await asked.Task.WaitAsync(Bound, Token);
        await using var stream = await host.ConnectAsync(Token);
        await stream.WriteAsync(DnsHost.Frame(Query("slow.shop.svc.us1.internal")), Token);
        await wanted.Task.WaitAsync(Bound, Token);
        foreach (var name in (string[])[DnsHost.Checkout, "_http._tcp." + DnsHost.Checkout])
        {
            var type = name == DnsHost.Checkout ? DnsType.A : DnsType.SRV;
            Assert.Equal(DnsRcode.NoError, (await host.AskUdpAsync(Query(name, type: type), Token)).Rcode);
        }

        var busy = await host.AskUdpAsync(Query("example.org"), Token);
        Assert.Equal("too many questions wait", Assert.Single(busy.Edns!.Errors).Text);
        host.Publish(new NameView("slow.shop.svc.us1.internal", NameState.Absent, long.MaxValue));
        Assert.Equal(DnsRcode.NXDomain, (await DnsHost.ReadAsync(stream, Token)).Rcode);
    }

    /// <summary>A name of few letters too, which may have the same spelling twice by chance.</summary>
    [Fact]
    public async Task Udp_WhatAnUpstreamSendsBackHere_EndsSoon()
    {
        using var circle = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        circle.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        await using var host = DnsHost.Start(new ManualTimeProvider(), null, (IPEndPoint)circle.LocalEndPoint!);
        var rounds = 0;
        _ = SendBackAsync();
        foreach (var name in (string[])["eu1.internal", "a.b"])
        {
            var response = await host.AskUdpAsync(Query(name), Token);
            Assert.Equal(
                (DnsRcode.ServFail, "forwarding loop: an upstream sends questions back here"),
                (response.Rcode, Assert.Single(response.Edns!.Errors).Text));
        }

        Assert.Equal(16, Volatile.Read(ref rounds));

        async Task SendBackAsync()
        {
            var buffer = new byte[512];
            while (true)
            {
                var received = await circle.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0));
                Interlocked.Increment(ref rounds);
                _ = AskAsync(buffer[..received.ReceivedBytes], received.RemoteEndPoint);
            }
        }

        async Task AskAsync(byte[] query, EndPoint asker)
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            await socket.ConnectAsync(host.Server.Address);
            await socket.SendAsync(query);
            var buffer = new byte[512];
            await circle.SendToAsync(buffer.AsMemory(0, await socket.ReceiveAsync(buffer)), asker);
        }
    }

    /// <summary>As when the process has no descriptor left.</summary>
    [Fact]
    public async Task Tcp_AListenerThatFails_IsTriedAgainInAWhile_AndSaidOnce()
    {
        var time = new ManualTimeProvider();
        var log = new Proxy.ProxyWorld.Lines();
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        listener.Shutdown(SocketShutdown.Both);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var options = new DnsOptions { Upstreams = [], Zones = new DnsZones([]) };
        var running = Task.Run(
            () => new TcpServer(listener, null!, options, time, log).RunAsync(stop.Token), Token);
        for (var i = 0; i < 3; i++)
        {
            await Proxy.ForwardingTests.Eventually(() => time.Armed == 1);
            time.Advance(TimeSpan.FromMilliseconds(100));
        }

        await stop.CancelAsync();
        await running.WaitAsync(Bound, Token);
        Assert.StartsWith("the TCP listener reported ", Assert.Single(log.All).Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("no question", "4242 0100 0000 0000 0000 0000", DnsRcode.FormErr)]
    [InlineData("two questions", "4242 0100 0002 0000 0000 0000 00 0001 0001 00 0001 0001", DnsRcode.FormErr)]
    [InlineData("half a question", "4242 0100 0001 0000 0000 0000 0161", DnsRcode.FormErr)]
    [InlineData("a loop of pointers", "4242 0100 0001 0000 0000 0000 C00C 0001 0001", DnsRcode.FormErr)]
    [InlineData("a status request", "4242 1100 0000 0000 0000 0000", DnsRcode.NotImp)]
    [InlineData("an update", "4242 2800 0001 0000 0000 0000 00 0006 0001", DnsRcode.NotImp)]
    [InlineData("EDNS version 1", "4242 0100 0001 0000 0000 0001 00 0001 0001 00 0029 04D0 00 01 0000 0000",
        DnsRcode.BadVers)]
    [InlineData("version.bind CH TXT", "4242 0100 0001 0000 0000 0000 0776657273696F6E0462696E6400 0010 0003",
        DnsRcode.Refused)]
    [InlineData("a transfer", "4242 0100 0001 0000 0000 0000 00 00FC 0001", DnsRcode.Refused)]
    [InlineData("a question for OPT", "4242 0100 0001 0000 0000 0000 00 0029 0001", DnsRcode.FormErr)]
    internal async Task Udp_WhatCannotBeAnswered_IsRefusedByItsCode(string what, string query, DnsRcode expected)
    {
        await using var host = DnsHost.Start();
        var response = await host.AskUdpAsync(DnsCodecTests.Hex(query), Token);
        Assert.True(expected == response.Rcode, what);
        Assert.Equal(0x4242, response.Header.Id);
        Assert.True(response.Header.IsResponse);
    }

    [Theory]
    [InlineData("4242 01")]
    [InlineData("4242 8180 0001 0000 0000 0000 00 0001 0001")] // a response: answering it could go on for ever
    public async Task Udp_WhatIsNoQuestion_GetsNoAnswer(string bytes)
    {
        await using var host = DnsHost.Start();
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(host.Server.Address, Token);
        await socket.SendAsync(DnsCodecTests.Hex(bytes), Token);
        await socket.SendAsync(Query(DnsHost.Cart), Token);
        var buffer = new byte[2048];
        var length = await socket.ReceiveAsync(buffer, Token).AsTask().WaitAsync(Bound, Token);
        Assert.True(DnsReader.TryRead(buffer.AsSpan(0, length), out var first));
        Assert.Equal(2, first.Answers.Count); // the question after it is the first that is answered
    }

    [Fact]
    public async Task Udp_RandomDatagrams_LeaveTheServerAnswering()
    {
        var seed = Environment.TickCount;
        TestContext.Current.TestOutputHelper!.WriteLine($"seed {seed}");
        var random = new Random(seed);
        await using var host = DnsHost.Start();
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        for (var round = 0; round < 100; round++)
        {
            // No more at once than the socket's buffer holds: what the kernel drops would not be tested.
            for (var i = 0; i < 20; i++)
            {
                var bytes = Query(DnsHost.Cart);
                for (var flips = random.Next(1, 20); flips > 0; flips--)
                {
                    bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
                }

                await socket.SendToAsync(bytes.AsMemory(0, random.Next(bytes.Length + 1)), host.Server.Address, Token);
            }

            Assert.Equal(2, (await host.AskUdpAsync(Query(DnsHost.Cart), Token)).Answers.Count);
        }
    }

    [Fact]
    public async Task Tcp_AnIdleConnection_IsClosed_AndOneThatSendsHalfAQuestion()
    {
        var time = new ManualTimeProvider();
        await using var host = DnsHost.Start(time);
        await using var idle = await host.ConnectAsync(Token);
        await using var half = await host.ConnectAsync(Token);
        await half.WriteAsync(new byte[] { 0, 40, 1 }, Token);
        await using var busy = await host.ConnectAsync(Token);
        await busy.WriteAsync(DnsHost.Frame(Query(DnsHost.Cart)), Token);
        await DnsHost.ReadAsync(busy, Token);
        var closed = Task.WhenAll(ReadEndAsync(idle), ReadEndAsync(half), ReadEndAsync(busy));
        await AdvanceUntil(time, closed);
        Assert.True(time.GetUtcNow() - new ManualTimeProvider().GetUtcNow() >= TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task Tcp_MoreConnectionsThanAllowed_AreClosed()
    {
        await using var host = DnsHost.Start(change: options => options with { ConnectionsMax = 1 });
        await using var first = await host.ConnectAsync(Token);
        await first.WriteAsync(DnsHost.Frame(Query(DnsHost.Cart)), Token);
        await DnsHost.ReadAsync(first, Token);
        await using (var second = await host.ConnectAsync(Token))
        {
            await ReadEndAsync(second).WaitAsync(Bound, Token);
        }

        await first.DisposeAsync();
        await Eventually.HoldsAsync(
            () => Task.FromResult(host.Server.Connections.Connections), count => count == 0, Bound, Token);
        await using var third = await host.ConnectAsync(Token);
        await third.WriteAsync(DnsHost.Frame(Query(DnsHost.Cart)), Token);
        Assert.Equal(DnsRcode.NoError, (await DnsHost.ReadAsync(third, Token)).Rcode);
    }

    [Fact]
    public async Task Server_ForwardsWhatIsNotItsOwn_AndNothingElse()
    {
        using var upstream = new FakeUpstream((query, _) => [FakeUpstream.Answer(query)]);
        await using var host = DnsHost.Start(null, null, upstream.Address);
        Assert.Single((await host.AskUdpAsync(Query("kubernetes.default.svc.cluster.local"), Token)).Answers);
        Assert.Equal(DnsRcode.NXDomain, (await host.AskUdpAsync(Query("absent.shop.svc.us1.internal"), Token)).Rcode);
        Assert.Equal(DnsRcode.Refused, (await host.AskUdpAsync(Query("denied.shop.svc.us1.internal"), Token)).Rcode);
        Assert.Equal(DnsRcode.NXDomain,
            (await host.AskUdpAsync(Query("9.9.99.127.in-addr.arpa", type: DnsType.PTR), Token)).Rcode);
        Assert.Single(upstream.Asked);
    }

    [Fact]
    public async Task Server_LeavesItselfOutOfItsUpstreams()
    {
        var own = DnsPrograms.OwnAddress();
        await using var host = DnsHost.Start(null, options => options with { Address = own }, own);
        var response = await host.AskUdpAsync(Query("example.com"), Token);
        Assert.Equal(DnsRcode.Refused, response.Rcode);
    }

    [Fact]
    public async Task Server_OnAnAddressInUse_SaysWhichAndWhatToDo()
    {
        await using var host = DnsHost.Start();
        var own = host.Server.Address;
        var refusal = Assert.Throws<IOException>(() => DnsHost.Start(null, options => options with { Address = own }));
        Assert.Contains(own.ToString(), refusal.Message, StringComparison.Ordinal);
        Assert.Contains("dns.address", refusal.Message, StringComparison.Ordinal);
    }

    private static byte[] Query(string name, ushort? edns = 1232, DnsType type = DnsType.A) =>
        DnsWriter.Write(ForwarderTests.Query(name, edns, type), ushort.MaxValue);

    private static async Task ReadEndAsync(Stream stream)
    {
        try
        {
            Assert.Equal(0, await stream.ReadAsync(new byte[1], Token));
        }
        catch (IOException)
        {
            // Reset rather than closed: half a question was left unread.
        }
    }

    // The server arms its timers on its own tasks: the clock moves until what they end has ended.
    private static async Task<T> AdvanceUntil<T>(ManualTimeProvider time, Task<T> task)
    {
        await AdvanceUntil(time, (Task)task);
        return await task;
    }

    private static async Task AdvanceUntil(ManualTimeProvider time, Task task) => await Eventually.HoldsAsync(
        () =>
        {
            time.Advance(TimeSpan.FromMilliseconds(100));
            return Task.FromResult(task.IsCompleted);
        },
        done => done,
        Bound,
        Token);
}
