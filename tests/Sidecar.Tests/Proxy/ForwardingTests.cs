using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Fairlead.Sidecar.Proxy;
using Fairlead.Sidecar.Proxy.Services;
using Fairlead.Sidecar.Translation;
using Fairlead.TestKit;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Fairlead.Sidecar.Tests.Proxy;

/// <summary>The proxy's own program on real sockets: what goes through and how, and what it answers itself.</summary>
public sealed class ForwardingTests
{
    private const string Name = ProxyWorld.Name;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task Request_GoesToTheEndpointAsItCame()
    {
        await using var backend = await Backend.StartAsync(Backend.EchoAsync);
        await using var world = await ProxyWorld.StartAsync(new ProxyOptions { AccessLog = AccessLogMode.Sampled });
        world.Publish(ProxyWorld.Service([ProxyWorld.Endpoint(backend.Port)]));

        var echo = await world.RawAsync(
            "POST /a%2Fb/../c%20d?secret=1&x=%C3%A4 HTTP/1.1\r\nHost: Checkout.SHOP.svc.us1.internal.:80\r\n"
            + "X-Forwarded-For: 192.0.2.1\r\nX-Hop: gone\r\nConnection: x-hop, content-length\r\nKeep-Alive: 5\r\n"
            + "TE: trailers\r\nProxy-Authorization: Basic eA==\r\n"
            + "Authorization: Bearer token\r\nX-Latin: \u00e9\r\nContent-Length: 4\r\n\r\nbody");

        Assert.StartsWith("HTTP/1.1 200 OK\r\n", echo, StringComparison.Ordinal);
        Assert.Contains("POST /a%2Fb/../c%20d?secret=1&x=%C3%A4 HTTP/1.1\n", echo, StringComparison.Ordinal);
        Assert.Contains($"\nHost: {Name}:80\n", echo, StringComparison.Ordinal);
        Assert.Contains("\nX-Forwarded-For: 192.0.2.1\n", echo, StringComparison.Ordinal);
        Assert.Contains("\nAuthorization: Bearer token\n", echo, StringComparison.Ordinal);
        Assert.Contains("\nVia: 1.1 fairlead-proxy", echo, StringComparison.Ordinal);
        Assert.Contains("\nX-Latin: \u00c3\u00a9\n", echo, StringComparison.Ordinal);
        Assert.Contains("\nContent-Length: 4", echo, StringComparison.Ordinal);
        Assert.Contains("body", echo, StringComparison.Ordinal);
        Assert.Contains("\r\nVia: 1.1 fairlead-proxy\r\n", echo, StringComparison.Ordinal);
        Assert.All(
            ["X-Hop", "Keep-Alive", "TE:", "Proxy-Auth", "Forwarded-Host"], gone =>
                Assert.DoesNotContain(gone, echo, StringComparison.Ordinal));

        await Eventually(() => world.Log.Access.Any());
        var line = Assert.Single(world.Log.Access);
        Assert.StartsWith(
            $"POST {Name}:80 /a%2Fb/../c%20d 200 reason=- state=fresh segment=us1.internal epoch=3 seal=41 "
            + $"endpoint=127.0.0.1:{backend.Port} attempts=1 ", line, StringComparison.Ordinal);
        Assert.All(
            ["secret", "token", "eA=="], word =>
                Assert.All(world.Log.All, one => Assert.DoesNotContain(word, one.Text, StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Requests_AreCountedByWhatCameOfThem()
    {
        await using var backend = await Backend.StartAsync(context =>
        {
            context.Response.StatusCode = 500;
            return Task.CompletedTask;
        });
        await using var world = await ProxyWorld.StartAsync();
        world.Publish(ProxyWorld.Service([ProxyWorld.Endpoint(backend.Port)]));
        world.Publish(ProxiedService.Without("no.shop.svc.us1.internal", ServiceStatus.Absent, "absent"));
        foreach (var host in new[] { Name, "no.shop.svc.us1.internal", "example.com", Name })
        {
            using var response = await world.SendAsync(host);
        }

        // A client has its answer before the request has ended.
        var outcomes = world.Server.Outcomes;
        await Eventually(() => outcomes.Values.Sum(one => one.Value) >= 4);
        Assert.Equal([("absent", 1), ("not-a-service", 1), ("ok", 2)], outcomes.Values);
    }

    [Theory]
    [InlineData("stale", "stale")]
    [InlineData("fresh", null)]
    public async Task Response_OfANameBeyondItsTime_SaysSoAndNoEndpointCan(string state, string? expected)
    {
        await using var backend = await Backend.StartAsync(context =>
        {
            context.Response.Headers[ProxyReason.StateHeader] = "forged";
            return Task.CompletedTask;
        });
        await using var world = await ProxyWorld.StartAsync();
        world.Publish(ProxyWorld.Service([ProxyWorld.Endpoint(backend.Port)]) with { State = state });
        using var response = await world.SendAsync();
        Assert.Equal(System.Net.HttpStatusCode.OK, response.StatusCode);
        response.Headers.TryGetValues(ProxyReason.StateHeader, out var values);
        Assert.Equal(expected, values?.Single());
    }

    [Fact]
    public async Task Request_InAbsoluteForm_IsThatOfItsHost()
    {
        await using var backend = await Backend.StartAsync(Backend.EchoAsync);
        await using var world = await ProxyWorld.StartAsync();
        world.Publish(ProxyWorld.Service([ProxyWorld.Endpoint(backend.Port)]));
        var good = await world.RawAsync($"GET http://{Name}/x?y HTTP/1.1\r\nHost: {Name}\r\nConnection: close\r\n\r\n");
        Assert.Contains("GET /x?y HTTP/1.1\n", good, StringComparison.Ordinal);

        // RFC 9112 3.2.2: a proxy takes the target's host, and none from a Host field that says otherwise.
        var other = await world.RawAsync(
            $"GET http://{Name.ToUpperInvariant()}:80 HTTP/1.1\r\nHost: cart.shop.svc.us1.internal\r\n"
            + "Connection: close\r\n\r\n");
        Assert.Contains("GET / HTTP/1.1\n", other, StringComparison.Ordinal);
        Assert.Contains($"\nHost: {Name}:80\n", other, StringComparison.Ordinal);
    }

    public static TheoryData<string, string, int> Refused => new()
    {
        { "CONNECT", $"CONNECT {Name}:80 HTTP/1.1\r\nHost: {Name}:80\r\n\r\n", 405 },
        { "CONNECT elsewhere", "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n", 405 },
        { "TRACE", $"TRACE / HTTP/1.1\r\nHost: {Name}\r\n\r\n", 405 },
        { "no host", "GET / HTTP/1.1\r\n\r\n", 400 },
        { "no host in 1.0", "GET / HTTP/1.0\r\n\r\n", 400 },
        { "two hosts", $"GET / HTTP/1.1\r\nHost: {Name}\r\nHost: example.com\r\n\r\n", 400 },
        { "a stranger", "GET / HTTP/1.1\r\nHost: example.com\r\n\r\n", 421 },
        { "an address", "GET / HTTP/1.1\r\nHost: 127.0.0.1:1\r\n\r\n", 421 },
        { "a stranger in absolute form", "GET http://169.254.169.254/latest HTTP/1.1\r\nHost: 169.254.169.254\r\n\r\n",
        421 },
        { "a user in absolute form", $"GET http://me@{Name}/ HTTP/1.1\r\nHost: {Name}\r\n\r\n", 400 },
        { "a stranger behind the right Host", $"GET http://example.com/ HTTP/1.1\r\nHost: {Name}\r\n\r\n", 421 },
        { "https in absolute form", $"GET https://{Name}/ HTTP/1.1\r\nHost: {Name}\r\n\r\n", 400 },
        { "length and chunks",
            $"POST / HTTP/1.1\r\nHost: {Name}\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
                + $"GET /smuggled HTTP/1.1\r\nHost: {Name}\r\n\r\n",
            400 },
        { "two lengths", $"POST / HTTP/1.1\r\nHost: {Name}\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcde",
        400 },
        { "a length that is none", $"POST / HTTP/1.1\r\nHost: {Name}\r\nContent-Length: 4x\r\n\r\nabcd", 400 },
        { "chunks that are not last", $"POST / HTTP/1.1\r\nHost: {Name}\r\nTransfer-Encoding: chunked, gzip\r\n\r\n",
        400 },
        { "a coding with a bad name",
        $"POST / HTTP/1.1\r\nHost: {Name}\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400 },
        { "a folded field", $"GET / HTTP/1.1\r\nHost: {Name}\r\nX: a\r\n b\r\n\r\n", 400 },
        { "space before the colon", $"GET / HTTP/1.1\r\nHost: {Name}\r\nContent-Length : 4\r\n\r\n", 400 },
        { "a bare line feed in the target", $"GET /a\nb HTTP/1.1\r\nHost: {Name}\r\n\r\n", 400 },
        { "a fragment", $"GET /a#b HTTP/1.1\r\nHost: {Name}\r\n\r\n", 400 },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task Request_ThatIsNone_ReachesNoEndpoint(string what, string bytes, int status)
    {
        await using var backend = await Backend.StartAsync(Backend.EchoAsync);
        await using var world = await ProxyWorld.StartAsync();
        world.Publish(ProxyWorld.Service([ProxyWorld.Endpoint(backend.Port)]));
        var answer = await world.RawAsync(bytes);
        Assert.True(
            answer.StartsWith($"HTTP/1.1 {status} ", StringComparison.Ordinal), $"{what}: {answer.Split('\r')[0]}");
        Assert.Equal(0, backend.Requests);
    }

    /// <summary>What no host can be is refused before the proxy sees it, so that it says and counts
    /// nothing.</summary>
    [Theory]
    [InlineData("b\u00C3\u00BC.example")]
    [InlineData("b\u00FC.example")]
    public async Task Host_OfRawNonAsciiBytes_IsTheServersOwnRefusal(string host)
    {
        await using var world = await ProxyWorld.StartAsync();
        var answer = await world.RawAsync($"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 400 ", answer, StringComparison.Ordinal);
        Assert.EndsWith("\r\n\r\n", answer, StringComparison.Ordinal);
        Assert.DoesNotContain("fairlead-reason", answer, StringComparison.OrdinalIgnoreCase);
        Assert.Empty(world.Server.Outcomes.Values);
    }

    /// <summary>The server reads a sign before a length; what goes on is a number again, and means the same to
    /// everyone.</summary>
    [Fact]
    public async Task Length_IsWrittenAnew()
    {
        await using var backend = await Backend.StartAsync(Backend.EchoAsync);
        await using var world = await ProxyWorld.StartAsync();
        world.Publish(ProxyWorld.Service([ProxyWorld.Endpoint(backend.Port)]));
        var echo = await world.RawAsync(
            $"POST / HTTP/1.1\r\nHost: {Name}\r\nConnection: close\r\nContent-Length: +4\r\n\r\nabcd");
        Assert.Contains("\nContent-Length: 4", echo, StringComparison.Ordinal);
        Assert.Contains("abcd", echo, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Fields_AboveTheLimit_AreRefusedAndBelowItGoThrough()
    {
        await using var backend = await Backend.StartAsync(async context =>
            await context.Response.WriteAsync(
                context.Request.Headers["X-Big"].ToString().Length.ToString(null as IFormatProvider)));
        await using var world = await ProxyWorld.StartAsync();
        world.Publish(ProxyWorld.Service([ProxyWorld.Endpoint(backend.Port)]));
        using var good = await world.SendAsync(
            change: request => request.Headers.Add("X-Big", new string('x', 30_000)));
        Assert.Equal("30000", await good.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        using var bad = await world.SendAsync(change: request => request.Headers.Add("X-Big", new string('x', 70_000)));
        Assert.Equal(HttpStatusCode.RequestHeaderFieldsTooLarge, bad.StatusCode);
        Assert.Equal(1, backend.Requests);
    }

    [Fact]
    public async Task Loop_ThroughItself_EndsSoon()
    {
        await using var world = await ProxyWorld.StartAsync();
        world.Publish(ProxyWorld.Service([ProxyWorld.Endpoint(world.Server.Http1.Port)]));
        using var response = await world.SendAsync();
        Assert.Equal(508, (int)response.StatusCode);
    }

    [Theory]
    [InlineData("Absent", 404, "absent", "14")]
    [InlineData("Denied", 403, "denied", "7")]
    [InlineData("Unreachable", 502, "unreachable", "14")]
    [InlineData("Refused", 502, "refused", "14")]
    [InlineData("Expired", 504, "expired", "14")]
    public async Task State_OfAName_IsToldInTheClientsLanguage(string status, int code, string reason, string grpc)
    {
        await using var world = await ProxyWorld.StartAsync();
        world.Publish(ProxiedService.Without(Name, Enum.Parse<ServiceStatus>(status), reason));
        using var response = await world.SendAsync();
        await ProxyWorld.IsProblemAsync(response, code, reason);
        using var head = await world.SendAsync(method: HttpMethod.Head);
        Assert.Equal(code, (int)head.StatusCode);
        using var http2 = await world.SendAsync(isHttp2: true);
        await ProxyWorld.IsProblemAsync(http2, code, reason);

        using var call = await world.SendAsync(
            method: HttpMethod.Post, isHttp2: true, content: new ByteArrayContent([0, 0, 0, 0, 0])
        {
            Headers = { { "Content-Type", "application/grpc+proto" } },
        });
        Assert.Equal(HttpStatusCode.OK, call.StatusCode);
        Assert.Equal(grpc, Assert.Single(call.Headers.GetValues("grpc-status")));
        Assert.Contains(reason, Assert.Single(call.Headers.GetValues("grpc-message")), StringComparison.Ordinal);
        Assert.Equal(reason, Assert.Single(call.Headers.GetValues("fairlead-reason")));
        Assert.Empty(await call.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Port_ThatIsNotThere_IsToldApart()
    {
        await using var world = await ProxyWorld.StartAsync();
        world.Publish(ProxyWorld.Service([]) with
        {
            Ports = [new ServedPort("a", 8080, "http"), new ServedPort("b", 9090, "http")],
        });
        await ProxyWorld.IsProblemAsync(await world.SendAsync(Name + ":81"), 404, "no-such-port");
        await ProxyWorld.IsProblemAsync(await world.SendAsync(Name), 404, "ambiguous-port");
        await ProxyWorld.IsProblemAsync(await world.SendAsync(Name + ":9090"), 503, "not-ready");
    }

    [Fact]
    public async Task Name_NotYetResolved_IsAskedForAndWaitedFor()
    {
        await using var backend = await Backend.StartAsync(Backend.EchoAsync);
        await using var world = await ProxyWorld.StartAsync();
        var waiting = Enumerable.Range(0, 5).Select(_ => world.SendAsync()).ToList();
        await Eventually(() => !world.Interest.IsEmpty);
        Assert.DoesNotContain(waiting, one => one.IsCompleted);
        world.Publish(ProxyWorld.Service([ProxyWorld.Endpoint(backend.Port)]));
        Assert.All(await Task.WhenAll(waiting), response => Assert.Equal(HttpStatusCode.OK, response.StatusCode));
        Assert.Equal([(Name, true)], world.Interest);
    }

    [Fact]
    public async Task Name_ThatIsNotResolvedInTime_Is504()
    {
        var time = new ManualTimeProvider();
        await using var world = await ProxyWorld.StartAsync(time: time);
        var waiting = world.SendAsync();
        await Eventually(() => !world.Interest.IsEmpty);
        await Advance(time, waiting);
        await ProxyWorld.IsProblemAsync(await waiting, 504, "pending");
    }

    [Fact]
    public async Task Endpoint_ThatDoesNotAnswerInTime_Is504AndIsNotTriedTwice()
    {
        var time = new ManualTimeProvider();
        var hang = new TaskCompletionSource();
        await using var backend = await Backend.StartAsync(context => hang.Task.WaitAsync(context.RequestAborted));
        await using var world = await ProxyWorld.StartAsync(time: time);
        world.Publish(
            ProxyWorld.Service(
                [ProxyWorld.Endpoint(backend.Port), ProxyWorld.Endpoint(backend.Port, address: "127.0.0.2")]));
        var waiting = world.SendAsync();
        await Eventually(() => backend.Requests == 1);
        await Advance(time, waiting);
        await ProxyWorld.IsProblemAsync(await waiting, 504, "budget");
        Assert.Equal(1, backend.Requests);
        hang.SetResult();
    }

    /// <summary>How long a client takes for its body is not the endpoint's delay.</summary>
    [Fact]
    public async Task Upload_LongerThanTheBudget_IsNotCut()
    {
        var time = new ManualTimeProvider();
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var begin = new string('x', 1 << 17); // More than anybody on the way holds back.
        await using var backend = await Backend.StartAsync(async context =>
        {
            await context.Request.Body.ReadExactlyAsync(new byte[begin.Length / 2]);
            begun.SetResult();
            using var rest = new StreamReader(context.Request.Body);
            await context.Response.WriteAsync((await rest.ReadToEndAsync())[^3..]);
        });
        await using var world = await ProxyWorld.StartAsync(time: time);
        world.Publish(ProxyWorld.Service([ProxyWorld.Endpoint(backend.Port)]));
        var idle = time.Armed;
        var content = new SlowContent(begin);
        var sending = world.SendAsync(method: HttpMethod.Post, content: content);

        // What the proxy still has of the first part it may be passing on, for which the endpoint has its 15 s each
        // time. Then it waits for the client and for nobody else, and no timer of the request runs.
        await begun.Task.WaitAsync(TestContext.Current.CancellationToken);
        for (var i = 0; i < 20; i++)
        {
            await Eventually(() => time.Armed == idle);
            time.Advance(TimeSpan.FromSeconds(14));
        }

        content.Finish("end");
        using var response = await sending;
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("end", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Response_MayTakeLongerThanTheBudgetOnceItHasBegun()
    {
        var time = new ManualTimeProvider();
        var go = new TaskCompletionSource();
        await using var backend = await Backend.StartAsync(async context =>
        {
            await context.Response.WriteAsync("one ");
            await context.Response.Body.FlushAsync();
            await go.Task;
            await context.Response.WriteAsync("two");
        });
        await using var world = await ProxyWorld.StartAsync(time: time);
        world.Publish(ProxyWorld.Service([ProxyWorld.Endpoint(backend.Port)]));
        using var response = await world.SendAsync(until: HttpCompletionOption.ResponseHeadersRead);
        time.Advance(TimeSpan.FromMinutes(5));
        go.SetResult();
        Assert.Equal("one two", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Strict_Name_CutsItsStreamsWhenItsAnswerEnds()
    {
        await using var backend = await Backend.StartAsync(async context =>
        {
            await context.Response.WriteAsync("one ");
            await context.Response.Body.FlushAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        });
        await using var world = await ProxyWorld.StartAsync();
        world.Publish(ProxyWorld.Service([ProxyWorld.Endpoint(backend.Port, isStrict: true)]));
        using var response = await world.SendAsync(until: HttpCompletionOption.ResponseHeadersRead);
        world.Publish(ProxiedService.Without(Name, ServiceStatus.Expired, "expired"));
        await Assert.ThrowsAnyAsync<Exception>(
            () => response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Strict_EndpointThatGoes_EndsWhatItHasAndARepeatableRequestGoesElsewhere()
    {
        var asked = new TaskCompletionSource();
        await using var gone = await Backend.StartAsync(async context =>
        {
            asked.SetResult();
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        });
        await using var other = await Backend.StartAsync(context => context.Response.WriteAsync("other"));
        await using var world = await ProxyWorld.StartAsync();
        world.Publish(ProxyWorld.Service([ProxyWorld.Endpoint(gone.Port, isStrict: true)]));
        var sent = world.SendAsync();
        await asked.Task.WaitAsync(TestContext.Current.CancellationToken);
        world.Publish(ProxyWorld.Service([ProxyWorld.Endpoint(other.Port, isStrict: true)]));
        using var response = await sent;
        Assert.Equal("other", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Strict_NameDeniedWhileARequestWaits_AnswersThatItIsDenied()
    {
        var asked = new TaskCompletionSource();
        await using var backend = await Backend.StartAsync(async context =>
        {
            asked.SetResult();
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        });
        await using var world = await ProxyWorld.StartAsync();
        world.Publish(ProxyWorld.Service([ProxyWorld.Endpoint(backend.Port, isStrict: true)]));
        var sent = world.SendAsync();
        await asked.Task.WaitAsync(TestContext.Current.CancellationToken);
        world.Publish(ProxiedService.Without(Name, ServiceStatus.Denied, "denied"));
        using var response = await sent;
        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
    }

    [Fact]
    public async Task Large_Bodies_GoThroughBothWays()
    {
        var bytes = new byte[40 * 1024 * 1024];
        new Random(7).NextBytes(bytes);
        var digest = Convert.ToHexString(SHA256.HashData(bytes));
        await using var backend = await Backend.StartAsync(async context =>
        {
            if (HttpMethods.IsGet(context.Request.Method))
            {
                await context.Response.Body.WriteAsync(bytes);
                return;
            }

            await context.Response.WriteAsync(Convert.ToHexString(await SHA256.HashDataAsync(context.Request.Body)));
        });
        await using var world = await ProxyWorld.StartAsync();
        world.Publish(ProxyWorld.Service([ProxyWorld.Endpoint(backend.Port)]));
        using var up = await world.SendAsync(method: HttpMethod.Put, content: new ByteArrayContent(bytes));
        Assert.Equal(digest, await up.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        using var down = await world.SendAsync(until: HttpCompletionOption.ResponseHeadersRead);
        await using var stream = await down.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken);
        Assert.Equal(
            digest, Convert.ToHexString(await SHA256.HashDataAsync(stream, TestContext.Current.CancellationToken)));
    }

    [Fact]
    public async Task Expectation_OfContinue_IsTheEndpointsToMeet()
    {
        await using var backend = await Backend.StartAsync(context =>
        {
            context.Response.StatusCode = context.Request.Path == "/no" ? 417 : 200;
            return context.Request.Path == "/no" ? Task.CompletedTask : context.Request.Body.CopyToAsync(
                context.Response.Body);
        });
        await using var world = await ProxyWorld.StartAsync();
        world.Publish(ProxyWorld.Service([ProxyWorld.Endpoint(backend.Port)]));
        using var yes = await world.SendAsync(
            method: HttpMethod.Post, content: new StringContent("x"), change: request =>
                request.Headers.ExpectContinue = true);
        Assert.Equal("x", await yes.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        var no = new SlowContent();
        using var refused = await world.SendAsync(
            method: HttpMethod.Post, target: "/no", content: no, change: request =>
                request.Headers.ExpectContinue = true);
        Assert.Equal(417, (int)refused.StatusCode);
        Assert.False(no.HasStarted);
    }

    [Fact]
    public async Task Reason_OfAnEndpoint_IsNotPassedOn()
    {
        await using var backend = await Backend.StartAsync(context =>
        {
            context.Response.Headers["fairlead-reason"] = "absent";
            context.Response.Headers["X-Mine"] = "1";
            context.Response.StatusCode = 503;
            return Task.CompletedTask;
        });
        await using var world = await ProxyWorld.StartAsync();
        world.Publish(ProxyWorld.Service([ProxyWorld.Endpoint(backend.Port)]));
        using var response = await world.SendAsync();
        Assert.Equal(503, (int)response.StatusCode);
        Assert.False(response.Headers.Contains("fairlead-reason"));
        Assert.True(response.Headers.Contains("X-Mine"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Protocol_IsThatOfTheEndpointsPort(bool isHttp2)
    {
        await using var http1 = await Backend.StartAsync(Backend.EchoAsync);
        await using var http2 = await Backend.StartAsync(Backend.EchoAsync, HttpProtocols.Http2);
        await using var world = await ProxyWorld.StartAsync();
        world.Publish(ProxyWorld.Service([ProxyWorld.Endpoint(http1.Port)]));
        world.Publish(ProxyWorld.Service([ProxyWorld.Endpoint(http2.Port)], "http2", "new.shop.svc.us1.internal"));
        using var one = await world.SendAsync(isHttp2: isHttp2);
        Assert.StartsWith(
            "GET / HTTP/1.1\n", await one.Content.ReadAsStringAsync(
                TestContext.Current.CancellationToken), StringComparison.Ordinal);
        using var two = await world.SendAsync("new.shop.svc.us1.internal", isHttp2: isHttp2);
        Assert.StartsWith(
            "GET / HTTP/2\n", await two.Content.ReadAsStringAsync(
                TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    /// <summary>A service's own port on an address of its own, opened and closed while the proxy runs.</summary>
    [Fact]
    public async Task Ports_OfVirtualAddresses_OpenAndClose()
    {
        await using var backend = await Backend.StartAsync(Backend.EchoAsync);
        await using var world = await ProxyWorld.StartAsync();
        world.Publish(ProxyWorld.Service([ProxyWorld.Endpoint(backend.Port)]));
        var (one, two) = (Free("127.99.7.1"), Free("127.99.7.2"));
        world.Server.Listen([new ServicePort(one, IsHttp2: false), new ServicePort(two, IsHttp2: true)]);
        await Eventually(() => Answers(one, HttpVersion.Version11) && Answers(two, HttpVersion.Version20));

        world.Server.Listen([new ServicePort(two, IsHttp2: true)]);
        await Eventually(() => !Answers(one, HttpVersion.Version11));
        Assert.True(Answers(two, HttpVersion.Version20));
        using var still = await world.SendAsync();
        Assert.Equal(HttpStatusCode.OK, still.StatusCode);
        Assert.Throws<ArgumentException>(
            () => world.Server.Listen([new ServicePort(new IPEndPoint(IPAddress.Any, 80), false)]));

        static IPEndPoint Free(string address)
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(IPAddress.Parse(address), 0));
            return (IPEndPoint)socket.LocalEndPoint!;
        }

        static bool Answers(IPEndPoint at, Version version)
        {
            using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false });
            using var request = new HttpRequestMessage(HttpMethod.Get, $"http://{at}/")
            {
                Version = version,
                VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            };
            request.Headers.Host = Name;
            try
            {
                using var response = client.SendAsync(request).GetAwaiter().GetResult();
                return response.IsSuccessStatusCode;
            }
            catch (HttpRequestException)
            {
                return false;
            }
        }
    }

    internal static async Task Eventually(Func<bool> condition)
    {
        var token = TestContext.Current.CancellationToken;
        var since = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(since) < Patience);
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, token);
        }
    }

    // The request may arm its timer after the clock has moved: move it until it ends.
    internal static async Task Advance(ManualTimeProvider time, Task waiting)
    {
        var since = TimeProvider.System.GetTimestamp();
        while (!waiting.IsCompleted && TimeProvider.System.GetElapsedTime(since) < Patience)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            await Task.WhenAny(
                waiting, Task.Delay(
                    TimeSpan.FromMilliseconds(5), TimeProvider.System, TestContext.Current.CancellationToken));
        }
    }

    private sealed class SlowContent(string begin = "") : HttpContent
    {
        private readonly TaskCompletionSource<string> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal bool HasStarted { get; private set; }

        internal void Finish(string text) => _end.TrySetResult(text);

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            HasStarted = true;
            await stream.WriteAsync(Encoding.ASCII.GetBytes(begin));
            await stream.FlushAsync();
            await stream.WriteAsync(Encoding.ASCII.GetBytes(await _end.Task));
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
