using Microsoft.Extensions.Logging;

namespace Fairlead.Sidecar.Tests.Hosting;

/// <summary>Keeps what a host logs, for tests that wait for it. Thread-safe.</summary>
internal sealed class KeptLog : ILoggerFactory, ILogger
{
    private readonly Lock _gate = new();
    private readonly List<string> _said = [];

    internal IReadOnlyList<string> Said
    {
        get
        {
            lock (_gate)
            {
                return [.. _said];
            }
        }
    }

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception,
        Func<TState, Exception?, string> formatter)
    {
        lock (_gate)
        {
            _said.Add(formatter(state, exception));
        }
    }

    public void AddProvider(ILoggerProvider provider)
    {
        // It is its own.
    }

    public void Dispose()
    {
        // There is nothing to put away.
    }
}
