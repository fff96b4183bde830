namespace Fairlead.Cli.Demo;

/// <summary>The Linux signal numbers that the demo sends.</summary>
internal static class Signals
{
    internal const int Hup = 1;
    internal const int Kill = 9;
    internal const int Term = 15;
    internal const int Cont = 18;
    internal const int Stop = 19;
}
