using Fairlead.TestKit;
using Microsoft.Extensions.Logging;

namespace Fairlead.Hosting.Tests;

/// <summary>A log has one line for each event, with its moment and its number.</summary>
public sealed class ErrorLogTests
{
    private readonly StringWriter _output = new();

    [Fact]
    public void Event_IsOneLine_WithItsMomentAndNumber()
    {
        using var loggers = ErrorLog.Factory(
            _output, new ManualTimeProvider(new DateTimeOffset(2026, 2, 3, 4, 5, 6, 7, TimeSpan.Zero)));
        var log = loggers.CreateLogger("Fairlead.Anchor.Sealing");
        log.Log(LogLevel.Warning, new EventId(2001), "one\r\nerror forged", null, (text, _) => text);
        log.Log(LogLevel.Error, 0, "two", new InvalidOperationException("a\nb"), (text, _) => text);
        log.Log(
            LogLevel.Warning, 3, "\u001b[31mred\u0007\u0085b\u2028c\u2029d\u009be\0f\tg\u007f", null,
            (text, _) => text);
        Assert.Equal(
            [
                "2026-02-03T04:05:06.007Z warn Sealing[2001]: one error forged",
                "2026-02-03T04:05:06.007Z error Sealing: two: System.InvalidOperationException: a b",
                "2026-02-03T04:05:06.007Z warn Sealing[3]: [31mred b c d e f g",
            ],
            _output.ToString().TrimEnd().Split(Environment.NewLine));
    }

    /// <summary>What keeps a server from listening is thrown too, and told once by who started it.</summary>
    [Theory]
    [InlineData("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.Error, false)]
    [InlineData("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.Critical, false)]
    [InlineData("Microsoft.AspNetCore.Server.Kestrel", LogLevel.Information, false)]
    [InlineData("Microsoft.AspNetCore.Server.Kestrel", LogLevel.Warning, true)]
    [InlineData("Fairlead.Sidecar", LogLevel.Information, true)]
    [InlineData("Fairlead.Sidecar", LogLevel.Debug, false)]
    public void Event_OfAServer_IsToldFromWarningsOn(string category, LogLevel level, bool isTold)
    {
        using var loggers = ErrorLog.Factory(_output, TimeProvider.System);
        loggers.CreateLogger(category).Log(level, 0, "text", null, (text, _) => text);
        Assert.Equal(isTold, _output.ToString().Length > 0);
    }
}
