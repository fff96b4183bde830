using Fairlead.Cli.Demo.Checks;
using Xunit;

namespace Fairlead.Cli.Tests.Demo;

/// <summary>What a promise of the demo is worth on a machine that has more to do.</summary>
public sealed class PaceTests
{
    [Theory]
    [InlineData("0.00 0.00 0.00 1/500 7", 4, 1)]
    [InlineData("3.90 9.00 9.00 4/500 7", 4, 1)]
    [InlineData("8.00 0.00 0.00 1/500 7", 4, 2)]
    [InlineData("0.10 0.00 0.00 12/500 7", 4, 3)]
    [InlineData("99.00 99.00 99.00 99/500 7", 2, 5)]
    public void Promise_GrowsWithWhatSharesAProcessor(string load, int processors, double expected) =>
        Assert.Equal(expected, Pace.Shared(load, processors));

    [Fact]
    public void Promise_IsNeverShorterThanItself() =>
        Assert.InRange(Pace.Of(TimeSpan.FromSeconds(1)), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(5));
}
