using Xunit;

namespace Fairlead.Configuration.Tests;

public sealed class DurationTextTests
{
    [Theory]
    [InlineData("500ms", 500)]
    [InlineData("15s", 15_000)]
    [InlineData("1m30s", 90_000)]
    [InlineData("2h", 7_200_000)]
    [InlineData("1h1m1s1ms", 3_661_001)]
    [InlineData("0", 0)]
    public void Text_Right_IsParsedAndWrittenBack(string text, long milliseconds)
    {
        Assert.True(DurationText.TryParse(text, out var duration));
        Assert.Equal(milliseconds, duration.TotalMilliseconds);
        Assert.Equal(text, DurationText.Format(duration));
    }

    [Theory]
    [InlineData("")]
    [InlineData("15")]
    [InlineData("s")]
    [InlineData("-1s")]
    [InlineData("+1s")]
    [InlineData("1.5s")]
    [InlineData("1 s")]
    [InlineData("1s1m")]
    [InlineData("1s1s")]
    [InlineData("1d")]
    [InlineData("1S")]
    [InlineData("999999999999h")]
    [InlineData("9999999999999s")]
    [InlineData("٣s")]
    public void Text_Wrong_IsRefused(string text) => Assert.False(DurationText.TryParse(text, out _));
}
