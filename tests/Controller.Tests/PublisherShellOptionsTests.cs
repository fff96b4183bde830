using Fairlead.Controller.Publishing;

namespace Fairlead.Controller.Tests;

public sealed class PublisherShellOptionsTests
{
    [Theory]
    [InlineData(0, 500)]
    [InlineData(1, 1_000)]
    [InlineData(9, 256_000)]
    [InlineData(10, 300_000)]
    [InlineData(int.MaxValue, 300_000)]
    public void SourcesPause_DoublesUpToTheInterval(int failures, int expected) =>
        Assert.Equal(expected, new PublisherShellOptions().SourcesPause(failures).TotalMilliseconds);
}
