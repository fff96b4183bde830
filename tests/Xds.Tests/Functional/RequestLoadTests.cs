using System.Net;
using Fairlead.TestKit.Processes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Fairlead.Xds.Tests.Functional;

/// <summary>The load generator by which failed requests are counted says what it has not shown.</summary>
public sealed class RequestLoadTests
{
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(2);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Failure_BetweenTwoSteps_FailsTheNext()
    {
        var (status, bad) = (StatusCodes.Status200OK, 0);
        await using var server = await StartAsync(context =>
        {
            context.Response.StatusCode = Volatile.Read(ref status);
            _ = context.Response.StatusCode == StatusCodes.Status200OK ? 0 : Interlocked.Increment(ref bad);
            return context.Response.WriteAsync("one");
        });
        await using var load = new RequestLoad(AddressOf(server), Cancellation, "a");
        await load.NoneFailsAsync("before", () => Task.CompletedTask);

        Volatile.Write(ref status, StatusCodes.Status503ServiceUnavailable);
        await Eventually.HoldsAsync(
            () => Task.FromResult(Volatile.Read(ref bad)), count => count > 0, Bound, Cancellation);
        Volatile.Write(ref status, StatusCodes.Status200OK);
        await load.AnsweredByAsync("one");

        var failed = await Assert.ThrowsAsync<InvalidOperationException>(
            () => load.NoneFailsAsync("after", () => Task.CompletedTask));
        Assert.Contains("the first by a: 503", failed.Message, StringComparison.Ordinal);
        await load.NoneFailsAsync("later", () => Task.CompletedTask);
    }

    /// <summary>By the clock, since it is the rate that counts: longer than a hundred requests last.</summary>
    [Fact(Explicit = true)]
    public async Task Requests_ThatAreHeldUp_FailTheirStep()
    {
        var served = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = await StartAsync(async context =>
        {
            await served.Task;
            await context.Response.WriteAsync("one");
        });
        await using var load = new RequestLoad(AddressOf(server), Cancellation, "a");

        var failed = await Assert.ThrowsAsync<InvalidOperationException>(() => load.NoneFailsAsync("held", async () =>
        {
            await Task.Delay(TimeSpan.FromSeconds(20), Cancellation);
            served.SetResult();
        }));

        Assert.Contains("20 are the least; 0 failed", failed.Message, StringComparison.Ordinal);
        await load.NoneFailsAsync("later", () => Task.CompletedTask);
    }

    /// <summary>What could not be sent in the time of a step belongs to it all the same. By the clock too.</summary>
    [Fact(Explicit = true)]
    public async Task Requests_ThatAreBehind_AreSentBeforeTheirStepEnds()
    {
        var (served, count) = (new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), 0);
        await using var server = await StartAsync(async context =>
        {
            Interlocked.Increment(ref count);
            await served.Task;
            await context.Response.WriteAsync("one");
        });
        await using var load = new RequestLoad(AddressOf(server), Cancellation, "a");
        var seconds = 0.0;
        await load.NoneFailsAsync("behind", async () =>
        {
            // As many as may be open, and no more of them for as long again.
            var started = TimeProvider.System.GetTimestamp();
            await Eventually.HoldsAsync(
                () => Task.FromResult(Volatile.Read(ref count)), now => now == 100, Bound, Cancellation);
            await Task.Delay(TimeProvider.System.GetElapsedTime(started), Cancellation);
            seconds = TimeProvider.System.GetElapsedTime(started).TotalSeconds;
            served.SetResult();
        });
        Assert.InRange(load.Sent, 200 * seconds, double.MaxValue);
    }

    private static async Task<WebApplication> StartAsync(RequestDelegate answer)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var server = builder.Build();
        server.Urls.Add("http://127.0.0.1:0");
        server.Run(answer);
        await server.StartAsync(Cancellation);
        return server;
    }

    private static IPEndPoint AddressOf(WebApplication server) =>
        new(IPAddress.Loopback, new Uri(server.Urls.Single()).Port);
}
