using Fairlead.Rpc;
using Fairlead.TestKit.Processes;
using Xunit;
using static Fairlead.Xds.Tests.Fixtures;

namespace Fairlead.Xds.Tests.Functional;

/// <summary>How the calls of each of the four variants begin and end.</summary>
public sealed class VariantCallTests
{
    private const int Large = 40;

    private static readonly ResourceType Eds = ResourceType.Endpoints;
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(2);

    // More than a client's window takes.
    private static readonly Lazy<Resource[]> LargeOnes = new(
        () => [.. Enumerable.Range(0, Large).Select(i => Endpoints($"n{i}", [.. Enumerable.Repeat(1, 10_000)]))]);

    public static TheoryData<Variant> Variants => [.. Enum.GetValues<Variant>()];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Variants))]
    public async Task Stream_HalfClosed_EndsWithOkAndIsForgotten(Variant variant)
    {
        await using var host = await AdsHost.StartAsync();
        host.Publish(Endpoints("a", 1));
        await using var client = new VariantClient(variant, host.Socket, Cancellation);
        await client.SubscribeAsync(Eds, "a");
        Assert.Equal("eds a", await client.NextAsync(Eds));
        Assert.Equal(StatusCode.OK, await client.CompleteAsync(Eds).WaitAsync(Bound, Cancellation));
        await host.ForgottenAsync();
        Assert.Equal(["+eds a", "-eds a"], host.Interest.Told);
    }

    /// <summary>Whatever is on its way to it.</summary>
    [Theory]
    [MemberData(nameof(Variants))]
    public async Task Stream_HalfClosedWithAResponseUnread_EndsWithOk(Variant variant)
    {
        await using var host = await AdsHost.StartAsync();
        host.Publish(Endpoints("a", 1));
        await using var client = new VariantClient(variant, host.Socket, Cancellation);
        await client.SubscribeAsync(Eds, "a");
        await ToldAsync(host, 1);
        host.Publish(Endpoints("a", 2));
        Assert.Equal(StatusCode.OK, await client.CompleteAsync(Eds).WaitAsync(Bound, Cancellation));
        await host.ForgottenAsync();
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public async Task Client_ThatNeverReads_IsCutOffByTheSendTimeout(Variant variant)
    {
        var limits = XdsLimits.Default with { SendTimeout = TimeSpan.FromMilliseconds(200) };
        await using var host = await AdsHost.StartAsync(new AdsOptions { Limits = limits });
        host.Publish(LargeOnes.Value);
        await using var client = new VariantClient(variant, host.Socket, Cancellation);
        await client.SubscribeAsync(Eds, [.. LargeOnes.Value.Select(one => one.Name)]);
        await ToldAsync(host, Large);

        await host.ForgottenAsync();

        Assert.Equal(2 * Large, host.Interest.Told.Count);

        // Forgotten is not reset yet: what is read before that has a status.
        await Eventually.HoldsAsync(
            async () => await Record.ExceptionAsync(() => client.SubscribeAsync(Eds)),
            failed => failed is not null, Bound, Cancellation);

        // By a reset: a status would stand behind what it does not read, for as long as it does not.
        Assert.Equal(StatusCode.Cancelled, await client.EndAsync(Eds).WaitAsync(Bound, Cancellation));
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public async Task Rejects_OneStreamTooMany_WithResourceExhausted(Variant variant)
    {
        await using var host = await AdsHost.StartAsync(new AdsOptions { StreamsMax = 1 });
        host.Publish(Endpoints("a", 1));
        await using var first = new VariantClient(variant, host.Socket, Cancellation);
        await first.SubscribeAsync(Eds, "a");
        await first.NextAsync(Eds);
        await using var second = new VariantClient(variant, host.Socket, Cancellation);
        await Record.ExceptionAsync(() => second.SubscribeAsync(Eds, "a"));
        Assert.Equal(StatusCode.ResourceExhausted, await second.EndAsync(Eds).WaitAsync(Bound, Cancellation));
    }

    /// <summary>A list of names that is larger than is taken ends its own stream and no other.</summary>
    [Theory]
    [MemberData(nameof(Variants))]
    public async Task Request_ThatIsTooLarge_IsRefused_AndOtherStreamsGoOn(Variant variant)
    {
        // 5 MiB: more than a message of the state of the world may have, and by delta more names than are taken.
        var names = Enumerable.Range(0, XdsLimits.Default.NamesMax + 1).Select(i => $"{i:d5}".PadRight(520, 'n'));
        await using var host = await AdsHost.StartAsync();
        host.Publish(Endpoints("a", 1));
        await using var other = new VariantClient(variant, host.Socket, Cancellation);
        await other.SubscribeAsync(Eds, "a");
        Assert.Equal("eds a", await other.NextAsync(Eds));
        await using var client = new VariantClient(variant, host.Socket, Cancellation);

        // It may be refused before all of it has left.
        await Record.ExceptionAsync(() => client.SubscribeAsync(Eds, [.. names]));

        Assert.Equal(StatusCode.ResourceExhausted, await client.EndAsync(Eds).WaitAsync(Bound, Cancellation));
        host.Publish(Endpoints("a", 2));
        Assert.Equal("eds a", await other.NextAsync(Eds));
        Assert.Equal(["+eds a"], host.Interest.Told);
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public async Task Node_ThatIsNotSaid_IsOfNobody_AndServed(Variant variant)
    {
        await using var host = await AdsHost.StartAsync();
        host.Publish(Cluster("a"), Endpoints("a", 1));
        await using var client = new VariantClient(variant, host.Socket, Cancellation, node: null);
        await client.SubscribeAsync(ResourceType.Cluster);
        Assert.Equal("cds a", await client.NextAsync(ResourceType.Cluster));
        await client.SubscribeAsync(Eds, "a");
        Assert.Equal("eds a", await client.NextAsync(Eds));
        var changed = Endpoints("a", 2);
        host.Publish(changed);
        Assert.Equal("eds a", await client.NextAsync(Eds));
        await host.AckOfAsync(changed);
        Assert.All(host.Service.Streams(), stream => Assert.Equal(ClientNode.Anonymous, stream.Node));
    }

    /// <summary>Nothing but the reset ends the write, and the connection serves on.</summary>
    [Theory]
    [MemberData(nameof(Variants))]
    public async Task Stream_ResetAmidALargeResponse_IsForgotten(Variant variant)
    {
        var limits = XdsLimits.Default with { SendTimeout = Timeout.InfiniteTimeSpan };
        await using var host = await AdsHost.StartAsync(new AdsOptions { Limits = limits });
        host.Publish(LargeOnes.Value);
        host.Publish(Endpoints("a", 1));
        await using var client = new VariantClient(variant, host.Socket, Cancellation);
        await client.SubscribeAsync(Eds, [.. LargeOnes.Value.Select(one => one.Name)]);

        // Made, and more of it than leaves before somebody reads.
        await Eventually.HoldsAsync(
            () => Task.FromResult(host.Service.Streams()),
            streams => streams.SelectMany(stream => stream.Types).Any(type => type.SentVersion.Length > 0),
            Bound, Cancellation);
        client.End(Eds);

        await host.ForgottenAsync();
        Assert.Equal(2 * Large, host.Interest.Told.Count);
        await client.SubscribeAsync(Eds, "a");
        Assert.Contains("a", (await client.NextAsync(Eds)).Split(' '));
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public async Task Node_OfTheFirstRequest_IsKept(Variant variant)
    {
        await using var host = await AdsHost.StartAsync();
        host.Publish(Endpoints("a", 1), Endpoints("b", 1));
        await using var client = new VariantClient(variant, host.Socket, Cancellation, "first");
        await client.SubscribeAsync(Eds, "a");
        await client.NextAsync(Eds);
        client.Node = "second";
        await client.SubscribeAsync(Eds, "b");
        await client.NextAsync(Eds);
        Assert.Equal("first", Assert.Single(host.Service.Streams()).Node.Id);
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public async Task Streams_OpenedAndAborted_LeaveNothing(Variant variant)
    {
        await using var host = await AdsHost.StartAsync();
        host.Publish(Endpoints("a", 1));
        await using var client = new VariantClient(variant, host.Socket, Cancellation);
        for (var i = 0; i < 100; i++)
        {
            await client.SubscribeAsync(Eds, "a");
            if (i % 3 == 0)
            {
                await client.TakeAsync(Eds);
            }

            client.End(Eds);
        }

        // One that was aborted at once may reach the server after all others are forgotten.
        await host.ForgottenAsync();
        await Eventually.HoldsAsync(
            () => Task.FromResult(host.Interest.Told.ToArray()),
            told => told.Count(one => one == "+eds a") == told.Count(one => one == "-eds a"), Bound, Cancellation);
    }

    private static Task ToldAsync(AdsHost host, int count) => Eventually.HoldsAsync(
        () => Task.FromResult(host.Interest.Told.Count), told => told >= count, Bound, Cancellation);
}
