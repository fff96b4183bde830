namespace Fairlead.Cli.Showing;

/// <summary>Colours for a terminal, or none: a file and a pipe get plain text.</summary>
internal sealed class Palette
{
    /// <summary>No colours.</summary>
    internal static Palette Plain { get; } = new(false);

    private readonly bool _colours;

    private Palette(bool colours) => _colours = colours;

    /// <summary>The colours for an output: only for a terminal, and never against the user's word (NO_COLOR).</summary>
    /// <param name="output">Where results go.</param>
    /// <param name="refused">Whether the command line refuses colours.</param>
    internal static Palette For(TextWriter output, bool refused) => new(
        !refused
        && ReferenceEquals(output, Console.Out)
        && !Console.IsOutputRedirected
        && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR")));

    internal string Good(string text) => Paint("32", text);

    internal string Bad(string text) => Paint("1;31", text);

    internal string Strong(string text) => Paint("1", text);

    internal string Faint(string text) => Paint("2", text);

    private string Paint(string code, string text) => _colours ? $"\e[{code}m{text}\e[0m" : text;
}
