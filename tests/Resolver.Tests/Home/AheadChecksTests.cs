using Fairlead.Naming;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Fairlead.Resolver.Home;
using Fairlead.TestKit.Answers;
using Google.Protobuf;

namespace Fairlead.Resolver.Tests.Home;

/// <summary>What an anchor can bring about by telling of answers that are on their way.</summary>
public sealed class AheadChecksTests
{
    private static readonly Answer Told = WireWriter.ToMessage(new PeerWorld().Answer());

    [Fact]
    public async Task Check_ThatFails_IsNotTheLastOne()
    {
        var checks = new AheadChecks(static _ => throw new InvalidOperationException("a fault"));
        await Assert.ThrowsAsync<InvalidOperationException>(() => checks.Take(Told)!);
        await Assert.ThrowsAsync<InvalidOperationException>(() => checks.Take(Told)!);
    }

    [Fact]
    public async Task Checks_AreOneAtATime_AndSoManyOnAStream()
    {
        using var gate = new SemaphoreSlim(0);
        var checks = new AheadChecks(_ => gate.Wait());
        for (var i = 0; i < AheadChecks.Most; i++)
        {
            var running = checks.Take(Told);
            Assert.NotNull(running);
            Assert.Null(checks.Take(Told));
            gate.Release();
            await running;
        }

        Assert.Null(checks.Take(Told));
    }

    [Fact]
    public async Task Answer_LargerThanOneMayBe_IsNotRead()
    {
        var read = 0;
        var checks = new AheadChecks(_ => read++);
        var large = Told.Clone();
        large.Slices.Add(ByteString.CopyFrom(new byte[Limits.AnswerBytes]));
        Assert.Null(checks.Take(large));
        await checks.Take(Told)!;
        Assert.Equal(1, read);
    }
}
