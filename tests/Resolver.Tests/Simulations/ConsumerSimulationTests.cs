using Fairlead.Simulator.Consumers;

namespace Fairlead.Resolver.Tests.Simulations;

/// <summary>A verifier and its cache under seeded schedules: planted mistakes are found, and without them every seed
/// holds. `make simulate` runs more of them.</summary>
public sealed class ConsumerSimulationTests
{
    [Fact]
    public void Run_Healthy_HoldsEveryInvariant()
    {
        var (accepted, refused) = (0, 0);
        for (var seed = 1; seed <= 3; seed++)
        {
            var result = ConsumerSimulation.Run(new ConsumerOptions(seed));
            Assert.True(result.Invariant is null, $"seed {seed}: {result.Invariant} {result.Detail}");
            (accepted, refused) = (accepted + result.Accepted, refused + result.Refused);
        }

        Assert.InRange(accepted, 50, int.MaxValue);
        Assert.InRange(refused, 1, int.MaxValue);
    }

    /// <summary>74027: long between two looks at a name, it became stale later than it was seen to be fresh.</summary>
    [Theory]
    [InlineData(74027)]
    public void Run_SeedThatBrokeOnce_Holds(int seed) =>
        Assert.Null(ConsumerSimulation.Run(new ConsumerOptions(seed)).Invariant);

    [Theory]
    [InlineData(ConsumerBug.OldDisk, 9, "I5")]
    [InlineData(ConsumerBug.LateClock, 22, "I6")]
    [InlineData(ConsumerBug.SlowClock, 11, "I9")]
    [InlineData(ConsumerBug.AdmitsAnyAddress, 6, "I27")]
    [InlineData(ConsumerBug.ForgivesLies, 8, "I19")]
    [InlineData(ConsumerBug.StolenQuorum, 1, "I23")]
    [InlineData(ConsumerBug.TellingDenials, 2, "I26")]
    public void Run_PlantedBug_IsFoundByItsSeed(ConsumerBug bug, int seed, string invariant) =>
        Assert.Equal(invariant, ConsumerSimulation.Run(new ConsumerOptions(seed, Bug: bug)).Invariant);

    [Fact]
    public void Run_SameSeed_HasSameTranscript() => Assert.Equal(
        ConsumerSimulation.Run(new ConsumerOptions(2, Seconds: 20)).Transcript,
        ConsumerSimulation.Run(new ConsumerOptions(2, Seconds: 20)).Transcript);
}
