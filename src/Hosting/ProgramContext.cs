using Fairlead.Hosting.Reloading;
using Microsoft.Extensions.Logging;

namespace Fairlead.Hosting;

/// <summary>What a program runs with. Its parts are thread-safe.</summary>
public sealed class ProgramContext
{
    private readonly TextWriter _output;
    private readonly ErrorLog _log;

    internal ProgramContext(
        TextWriter output,
        ErrorLog log,
        ILoggerFactory loggers,
        TimeProvider time,
        ReloadRequests reloads,
        CancellationToken stopped)
    {
        Reloads = reloads;
        _output = output;
        _log = log;
        Loggers = loggers;
        Time = time;
        Stopped = stopped;
    }

    /// <summary>Where logs go: the standard error output, one line each.</summary>
    public ILoggerFactory Loggers { get; }

    /// <summary>Both clocks.</summary>
    public TimeProvider Time { get; }

    /// <summary>Cancelled when the program is told to end.</summary>
    public CancellationToken Stopped { get; }

    /// <summary>Hears when the program is told to read its configuration anew.</summary>
    public ReloadRequests Reloads { get; }

    /// <summary>Says what a check of the configuration found: notes, and that all is well.</summary>
    /// <param name="problems">What would keep the program from starting; a line each.</param>
    /// <param name="notes">What a start would go on without.</param>
    /// <exception cref="StartException">There are problems; the message holds all of them, and the notes.</exception>
    public void TellCheck(IReadOnlyList<string> problems, IReadOnlyList<string> notes)
    {
        ArgumentNullException.ThrowIfNull(problems);
        var said = notes.Select(note => $"note: {note}");
        if (problems.Count > 0)
        {
            throw new StartException(string.Join('\n', problems.Concat(said)));
        }

        foreach (var note in said)
        {
            _output.WriteLine(note);
        }

        _output.WriteLine("the configuration is good");
        _output.Flush();
    }

    /// <summary>Logs in this format from now on: as soon as the configuration is read.</summary>
    public void LogAs(LogFormat format) => _log.Format = format;

    /// <summary>Prints what was asked for.</summary>
    public Task TellAsync(string text) => _output.WriteLineAsync(text);

    /// <summary>Prints <c>ready</c>: whoever started the program waits for this line.</summary>
    public void Ready()
    {
        _output.WriteLine("ready");
        _output.Flush();
    }
}
