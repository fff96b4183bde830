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
        using var loggers = Log().Factory();
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

    [Fact]
    public void Event_AsJson_IsOneObjectWithItsFields()
    {
        var errors = Log();
        errors.Format = LogFormat.Json;
        using var loggers = errors.Factory();
        var log = loggers.CreateLogger("Fairlead.Sidecar.Hosting.SidecarHost");
        var at = new DateTimeOffset(2026, 2, 3, 4, 5, 6, TimeSpan.Zero);
        log.Log(
            LogLevel.Warning, new EventId(6000, "Trouble"),
            [
                new("{OriginalFormat}", "not shown"), new("Who", "a\n\u001b[31m\u2028\ud800"),
                new("Failure", LogFormat.Json), new("AttemptsMade", 3), new("Until", at), new("IsLast", true),
                new("Rule", null), new("Share", 0.5), new("Never", double.NaN),
            ],
            null,
            (KeyValuePair<string, object?>[] _, Exception? _) => "the\nwords");
        log.Log(LogLevel.Error, 0, "two", new InvalidOperationException("oh"), (text, _) => text);
        errors.Tell("why\nit ended");
        const string Head = "{'time':'2026-02-03T04:05:06.007Z','level':";
        Assert.Equal(
            [
                Head + "'warn','category':'SidecarHost','event':6000,'name':'Trouble','message':'the\\nwords',"
                    + "'fields':{'who':'a\\n\\u001B[31m\\u2028\\uFFFD','failure':'Json','attempts_made':3,"
                    + "'until':'2026-02-03T04:05:06+00:00','is_last':true,'rule':null,'share':0.5,'never':'NaN'}}",
                Head + "'error','category':'SidecarHost','message':'two',"
                    + "'exception':'System.InvalidOperationException: oh'}",
                Head + "'error','category':'Program','message':'why\\nit ended'}",
            ],
            _output.ToString().TrimEnd().Replace('"', '\'').Split(Environment.NewLine));
    }

    /// <summary>A program is started before it has read how it logs.</summary>
    [Fact]
    public void Format_IsThatOfTheMoment()
    {
        var errors = Log();
        using var loggers = errors.Factory();
        var log = loggers.CreateLogger("a");
        log.Log(LogLevel.Warning, 0, "one", null, (text, _) => text);
        errors.Tell("why\nit ended");
        errors.Format = LogFormat.Json;
        log.Log(LogLevel.Warning, 0, "two", null, (text, _) => text);
        var lines = _output.ToString().TrimEnd().Split(Environment.NewLine);
        Assert.Equal(["2026-02-03T04:05:06.007Z warn a: one", "why", "it ended"], lines[..^1]);
        Assert.StartsWith("{", lines[^1], StringComparison.Ordinal);
    }

    private ErrorLog Log() =>
        new(_output, new ManualTimeProvider(new DateTimeOffset(2026, 2, 3, 4, 5, 6, 7, TimeSpan.Zero)));

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
        using var loggers = Log().Factory();
        loggers.CreateLogger(category).Log(level, 0, "text", null, (text, _) => text);
        Assert.Equal(isTold, _output.ToString().Length > 0);
    }
}
