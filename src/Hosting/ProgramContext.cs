using Microsoft.Extensions.Logging;

namespace Fairlead.Hosting;

/// <summary>What a program runs with. Its parts are thread-safe.</summary>
public sealed class ProgramContext
{
    private readonly TextWriter _output;

    internal ProgramContext(TextWriter output, ILoggerFactory loggers, TimeProvider time, CancellationToken stopped)
    {
        _output = output;
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

    /// <summary>Prints <c>ready</c>: whoever started the program waits for this line.</summary>
    public void Ready()
    {
        _output.WriteLine("ready");
        _output.Flush();
    }
}
