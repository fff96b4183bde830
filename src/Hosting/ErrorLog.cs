using System.Globalization;
using Microsoft.Extensions.Logging;

namespace Fairlead.Hosting;

/// <summary>
/// Writes log lines to one writer: <c>time level category[number]: message</c>, or the same and its fields as a JSON
/// object, one line for each event, whatever it holds. A program writes few of them, so that a queue, a thread and the
/// formatters of a console would only cost memory and time to start. Thread-safe.
/// </summary>
/// <param name="output">Takes the lines; the caller's to dispose.</param>
/// <param name="time">Says when, in UTC.</param>
public sealed class ErrorLog(TextWriter output, TimeProvider time) : ILoggerProvider
{
    // What ends a line or steers a terminal: controls, and the two line ends of Unicode beyond them.
    private static readonly char[] Unprinted =
        [.. Enumerable.Range(0, 0x100).Select(code => (char)code).Where(char.IsControl), '\u2028', '\u2029'];

    private readonly Lock _gate = new();
    private volatile LogFormat _format;

    /// <summary>How lines are written from now on; a program is started before it has read how.</summary>
    /// <value>By default <see cref="LogFormat.Text"/>.</value>
    public LogFormat Format
    {
        get => _format;
        set => _format = value;
    }

    /// <summary>A factory that writes to this log what a program says: its own events, and warnings of the servers
    /// that it is built on.</summary>
    public ILoggerFactory Factory() =>
        LoggerFactory.Create(logging => logging
            .AddProvider(this)
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

    /// <summary>Says why the program ends or does not start: as text the words alone, as they are.</summary>
    /// <param name="message">What is wrong, where, and what to do about it.</param>
    public void Tell(string message)
    {
        if (_format == LogFormat.Json)
        {
            Write(LogLevel.Error, "Program", default, message, null, null);
            return;
        }

        lock (_gate)
        {
            output.WriteLine(message);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // The writer is the caller's.
    }

    private void Write(
        LogLevel level, string category, EventId number, string message, object? state, Exception? exception)
    {
        var at = time.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        var line = _format == LogFormat.Json
            ? JsonLogLine.Of(at, Short(level), category, number, message, state, exception)
            : $"{at} {Short(level)} {category}{(number.Id == 0 ? "" : $"[{number.Id}]")}: "
                + OneLine(exception is null ? message : $"{message}: {exception}");
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
                log.Write(logLevel, name, eventId, formatter(state, exception), state, exception);
            }
        }
    }
}
