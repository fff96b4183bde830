namespace Fairlead.Cli;

/// <summary>How <c>fairlead</c> ends. The numbers are an interface: scripts test them.</summary>
internal static class ExitCode
{
    /// <summary>Done, or an answer.</summary>
    internal const int Answer = 0;

    /// <summary>A bug or a broken environment.</summary>
    internal const int Internal = 1;

    /// <summary>The command line, the configuration or a key file is wrong.</summary>
    internal const int Usage = 2;

    /// <summary>The name is proven not to exist.</summary>
    internal const int Absent = 3;

    /// <summary>A segment on the path refuses the asker.</summary>
    internal const int Denied = 4;

    /// <summary>An answer came and failed a check.</summary>
    internal const int Refused = 5;

    /// <summary>No answer can be had, or its time is over.</summary>
    internal const int Unreachable = 6;

    /// <summary>Ended by SIGINT or SIGTERM before it was done, as shells count it.</summary>
    internal const int Interrupted = 130;
}
