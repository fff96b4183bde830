using System.Collections.Concurrent;
using Fairlead.Naming;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Anchor.Tests.Cluster;

/// <summary>Why anchors moved on from one of a target's, as they log it. Thread-safe.</summary>
internal sealed class Moves : ILoggerFactory, ILogger
{
    private readonly ConcurrentBag<VerificationFailure> _failures = [];

    internal IEnumerable<VerificationFailure> Failures => _failures;

    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => NullLogger.Instance.BeginScope(state);

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception,
        Func<TState, Exception?, string> formatter)
    {
        if (eventId.Name == "Moved" && state is IReadOnlyList<KeyValuePair<string, object?>> values)
        {
            foreach (var failure in values.Select(one => one.Value).OfType<VerificationFailure>())
            {
                _failures.Add(failure);
            }
        }
    }

    public void Dispose()
    {
    }
}
