namespace Fairlead.Hosting;

/// <summary>How the long-running programs end.</summary>
public static class ExitCodes
{
    /// <summary>Told to end, by SIGINT or SIGTERM.</summary>
    public const int Stopped = 0;

    /// <summary>Something broke while it ran.</summary>
    public const int Broken = 1;

    /// <summary>Arguments, configuration, a key file or an address is wrong: it never ran.</summary>
    public const int Refused = 2;
}
