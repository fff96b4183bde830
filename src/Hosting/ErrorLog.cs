using System.Globalization;
using Microsoft.Extensions.Logging;

namespace Fairlead.Hosting;

/// <summary>
/// Writes log lines to one writer: <c>time level category[number]: message</c>, one line for each event, whatever it
/// holds. A program writes few of them, so that a queue, a thread and a formatter of its own would only cost memory.
/// Thread-safe.
/// </summary>
/// <param name="output">Takes the lines; the caller's to dispose.</param>
/// <param name="time">Says when, in UTC.</param>
public sealed class ErrorLog(TextWriter output, TimeProvider time) : ILoggerProvider
{
    // What ends a line or steers a terminal: controls, and the two line ends of Unicode beyond them.
    private static readonly char[] Unprinted =
        [.. Enumerable.Range(0, 0x100).Select(code => (char)code).Where(char.IsControl), '\u2028', '\u2029'];

    private readonly Lock _gate = new();

    /// <summary>A factory that writes to one such log what a program says: its own events, and warnings of the servers
    /// that it is built on.</summary>
    /// <param name="output">Takes the lines; the caller's to dispose.</param>
    /// <param name="time">Says when.</param>
    public static ILoggerFactory Factory(TextWriter output, TimeProvider time) =>
        LoggerFactory.Create(logging => logging
            .AddProvider(new ErrorLog(output, time))
            .SetMinimumLevel(LogLevel.Information)
            .AddFilter("Microsoft", LogLevel.Warning)

            // What it tells when a server cannot start is thrown as well, and told once, without a stack trace.
            .AddFilter("Microsoft.Extensions.Hosting", LogLevel.None)
            .AddFilter("Microsoft.AspNetCore.Hosting", LogLevel.None));

    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName)
    {
        ArgumentNullException.ThrowIfNull(categoryName);
        return new Category(this, categoryName[(categoryName.LastIndexOf('.') + 1)..]);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // The writer is the caller's.
    }

    private void Write(LogLevel level, string category, int number, string message)
    {
        var at = time.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        var line = $"{at} {Short(level)} {category}{(number == 0 ? "" : $"[{number}]")}: {OneLine(message)}";
        lock (_gate)
        {
            output.WriteLine(line);
        }
    }

    // Words of others stand in messages: they begin no line, and say nothing to a terminal.
    private static string OneLine(string text) => string.Join(
        ' ', text.Split(Unprinted, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));

    private static string Short(LogLevel level) => level switch
    {
        LogLevel.Critical or LogLevel.Error => "error",
        LogLevel.Warning => "warn",
        LogLevel.Information => "info",
        _ => "debug",
    };

    private sealed class Category(ErrorLog log, string name) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                var message = formatter(state, exception);
                log.Write(logLevel, name, eventId.Id, exception is null ? message : $"{message}: {exception}");
            }
        }
    }
}
