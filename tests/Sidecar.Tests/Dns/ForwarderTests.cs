using System.Collections.Immutable;
using System.Net;
using Fairlead.Sidecar.Dns;
using Fairlead.TestKit;

namespace Fairlead.Sidecar.Tests.Dns;

public sealed class ForwarderTests
{
    private static readonly CancellationToken Token = TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Ask_Relays_WithIdAndSpellingOfEachSide(bool isUdp)
    {
        using var upstream = new FakeUpstream((query, _) => [FakeUpstream.Answer(query)]);
        var client = Query("www.Example.COM", edns: 4096);
        var response = await AskAsync(client, isUdp, upstream.Address);
        Assert.Equal(client.Header.Id, response.Header.Id);
        Assert.True(response.Questions[0].Name.EqualsExactly(client.Questions[0].Name));
        Assert.True(response.Answers[0].Name.EqualsExactly(client.Questions[0].Name));
        var (asked, wasUdp) = Assert.Single(upstream.Asked);
        Assert.Equal(isUdp, wasUdp);
        Assert.NotEqual(client.Header.Id, asked.Header.Id);
        Assert.Equal(client.Questions[0], asked.Questions[0]);
        Assert.False(asked.Questions[0].Name.EqualsExactly(client.Questions[0].Name));
        Assert.Equal((ushort)1232, asked.Edns!.UdpSize);
    }

    [Fact]
    public async Task Ask_WithoutEdns_SendsNone()
    {
        using var upstream = new FakeUpstream((query, _) => [FakeUpstream.Answer(query)]);
        var response = await AskAsync(Query("example.com", edns: null), true, upstream.Address);
        Assert.Null(response.Edns);
        Assert.Null(Assert.Single(upstream.Asked).Query.Edns);
    }

    [Fact]
    public async Task Ask_ForgeriesThatGuessWrong_AreNotAnswers()
    {
        using var upstream = new FakeUpstream((query, _) =>
        [
            FakeUpstream.Answer(query, answer =>
                answer with { Header = answer.Header with { Id = (ushort)(answer.Header.Id + 1) } }),
            FakeUpstream.Answer(query, answer =>
                answer with { Questions = [answer.Questions[0] with { Type = DnsType.AAAA } ] }),
            FakeUpstream.Answer(query, answer =>
                answer with { Questions = [answer.Questions[0] with { Name = DnsName.Parse("evil.com") } ] }),
            FakeUpstream.Answer(query, answer => answer with { Header = query.Header }),
            FakeUpstream.Answer(query, answer => answer with { Questions = [] }),
            [1, 2, 3],
            [.. FakeUpstream.Answer(query), 0],
            FakeUpstream.Answer(query, answer => answer
                with { Answers = [DnsData.Address(query.Questions[0].Name, 1, IPAddress.Parse("192.0.2.77"))] }),
        ]);
        var response = await AskAsync(Query("example.com", 1232), true, upstream.Address);
        Assert.Equal("192.0.2.77", new IPAddress(response.Answers[0].Data.Span).ToString());
    }

    [Fact]
    public async Task Ask_AnUpstreamThatChangesTheCase_IsAskedOverTcp()
    {
        using var upstream = new FakeUpstream((query, _) =>
            [FakeUpstream.Answer(query, answer => answer with { Questions = [Lower(answer.Questions[0])] })]);
        var client = Query("example.com", 1232);
        var response = await AskAsync(client, true, upstream.Address);
        Assert.Equal([true, false], upstream.Asked.Select(asked => asked.IsUdp));
        Assert.True(response.Questions[0].Name.EqualsExactly(client.Questions[0].Name));
        Assert.Single(response.Answers);
    }

    [Fact]
    public async Task Ask_ATruncatedAnswer_StaysTruncated()
    {
        using var upstream = new FakeUpstream((query, _) => [FakeUpstream.Answer(query, answer => answer with
        {
            Header = answer.Header with { Flags = (ushort)(answer.Header.Flags | DnsHeader.Truncated) },
            Answers = [],
        })]);
        Assert.True((await AskAsync(Query("example.com", 1232), true, upstream.Address)).Header.IsTruncated);
        Assert.Single(upstream.Asked);
    }

    [Fact]
    public async Task Ask_AnAnswerLargerThanTheClientTakes_IsCut()
    {
        using var upstream = new FakeUpstream((query, _) => [FakeUpstream.Answer(query, answer => answer with
        {
            Answers = [.. Enumerable.Range(0, 60)
                .Select(i => DnsData.Address(answer.Questions[0].Name, 1, new IPAddress([192, 0, 2, (byte)i])))],
        })]);
        var response = await AskAsync(Query("example.com", edns: null), true, upstream.Address);
        Assert.True(response.Header.IsTruncated);
        Assert.Empty(response.Answers);
    }

    [Fact]
    public async Task Ask_ASilentUpstream_IsLeftForTheNext_WhichIsPreferredFromThenOn()
    {
        var time = new ManualTimeProvider();
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var silent = new FakeUpstream((_, _) =>
        {
            asked.TrySetResult();
            return [];
        });
        using var good = new FakeUpstream((query, _) => [FakeUpstream.Answer(query)]);
        var forwarder = Make(time, silent.Address, good.Address);
        var first = forwarder.AskAsync(Query("example.com", 1232), true, Token).AsTask();
        await asked.Task.WaitAsync(TimeSpan.FromMinutes(2), Token);
        time.Advance(TimeSpan.FromSeconds(1.5));
        Assert.NotNull((await first).Response);
        Assert.NotNull((await forwarder.AskAsync(Query("example.com", 1232), true, Token)).Response);
        Assert.Single(silent.Asked);
        Assert.Equal(2, good.Asked.Count);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Ask_WhereNothingListens_FailsByName(bool isUdp)
    {
        var (response, failure) = await Make(new ManualTimeProvider(), DnsPrograms.OwnAddress())
            .AskAsync(Query("example.com", 1232), isUdp, Token);
        Assert.Null(response);
        Assert.Equal(DnsRcode.ServFail, failure!.Rcode);
        Assert.Equal(ExtendedErrorCode.NetworkError, Assert.Single(failure.Errors).Code);
    }

    [Fact]
    public async Task Ask_WithoutUpstreams_IsRefused()
    {
        var (_, failure) = await Make(new ManualTimeProvider()).AskAsync(Query("example.com", 1232), true, Token);
        Assert.Equal(DnsRcode.Refused, failure!.Rcode);
    }

    [Fact]
    public async Task Ask_WhatComesBackRound_IsALoop_AndEndsThere()
    {
        Forwarder? forwarder = null;
        using var circle = new FakeUpstream((query, isUdp) =>
        {
            var (response, failure) = forwarder!.AskAsync(query, isUdp, Token).AsTask().GetAwaiter().GetResult();
            return [response ?? Responses.Write(query, failure!, isUdp)];
        });
        forwarder = Make(new ManualTimeProvider(), circle.Address);
        var response = await AskAsync(Query("a-long-name.example.com", 1232), true, circle.Address, forwarder);
        Assert.Equal(DnsRcode.ServFail, response.Rcode);
        Assert.Equal("forwarding loop: an upstream sends questions back here",
            Assert.Single(response.Edns!.Errors).Text);
        Assert.Single(circle.Asked);
    }

    /// <summary>However many ask for one name of few letters at once: their spelling is none of ours.</summary>
    [Fact]
    public void Circle_OfFewLetters_IsNoneForThoseWhoDrawNoSpelling()
    {
        var random = new Random(1);
        var outstanding = new Outstanding();
        var question = Query("redis.io", 1232).Questions[0];
        DnsQuestion Sent() => question with { Name = UpstreamQuery.Respell(question.Name, random) };
        var sent = Enumerable.Range(0, 8).Select(_ => Sent()).ToList();
        foreach (var one in sent.Take(7))
        {
            outstanding.Add(one);
            Assert.False(outstanding.IsCircle(question));
            Assert.False(outstanding.IsCircle(one));
        }

        outstanding.Add(sent[7]);
        Assert.False(outstanding.IsCircle(question));
        Assert.All(sent, one => Assert.True(outstanding.IsCircle(one)));
        Assert.False(outstanding.IsCircle(sent[7] with { Type = DnsType.AAAA }));
        outstanding.Remove(sent[0]);
        Assert.False(outstanding.IsCircle(sent[7]));
    }

    [Fact]
    public void Respell_ChangesOnlyTheCase_AndAlwaysHasAnUpperLetter()
    {
        var random = new Random(1);
        var name = DnsName.Parse("a1-b.c\u00e9");
        var spellings = Enumerable.Range(0, 200).Select(_ => UpstreamQuery.Respell(name, random)).ToList();
        Assert.All(spellings, spelling => Assert.Equal(name, spelling));
        Assert.All(spellings, spelling => Assert.False(spelling.EqualsExactly(name)));
        Assert.Equal(7, spellings.Select(spelling => spelling.ToString()).Distinct().Count());
        Assert.Equal(DnsName.Root, UpstreamQuery.Respell(DnsName.Root, random));
    }

    [Theory]
    [InlineData("nameserver 10.0.0.10\nsearch a.b\noptions ndots:5\nnameserver fd00::a\n", "10.0.0.10:53,[fd00::a]:53")]
    [InlineData("# nameserver 1.1.1.1\n;x\nnameserver\tnowhere\nnameserver\n", "")]
    [InlineData("nameserver 10.0.0.1 # comment\r\n", "10.0.0.1:53")]
    public void ResolvConf_Servers(string text, string expected) =>
        Assert.Equal(expected, string.Join(',', ResolvConf.Servers(text)));

    internal static DnsMessage Query(string name, ushort? edns, DnsType type = DnsType.A) => new()
    {
        Header = new DnsHeader(0x4242, DnsHeader.RecursionDesired),
        Questions = [new DnsQuestion(DnsName.Parse(name), type, DnsClass.IN)],
        Edns = edns is { } size ? new Edns(size, 0, 0, false, []) : null,
    };

    private static DnsQuestion Lower(DnsQuestion question) =>
        question with { Name = DnsName.Parse(question.Name.ToString().ToLowerInvariant()) };

    private static Forwarder Make(TimeProvider time, params IPEndPoint[] upstreams) =>
        new(upstreams.ToImmutableArray(), new ForwarderOptions(), time, new Random(5));

    private static async Task<DnsMessage> AskAsync(
        DnsMessage client, bool isUdp, IPEndPoint upstream, Forwarder? forwarder = null)
    {
        forwarder ??= Make(new ManualTimeProvider(), upstream);
        var (response, failure) = await forwarder.AskAsync(client, isUdp, Token);
        Assert.True(response is not null, failure?.Errors[0].Text);
        Assert.True(DnsReader.TryRead(response, out var message));
        return message;
    }
}
