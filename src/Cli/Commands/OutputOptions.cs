using System.CommandLine;

namespace Fairlead.Cli.Commands;

/// <summary>The options about output that several commands share.</summary>
internal static class OutputOptions
{
    internal static Option<string> Format()
    {
        var option = new Option<string>("--output")
        {
            Description = "text or json.",
            DefaultValueFactory = _ => "text",
        };
        option.AcceptOnlyFromAmong("text", "json");
        return option;
    }

    internal static Option<string> Socket() => new("--socket")
    {
        Description = "The operator's socket of your anchor: operator.sock in its data folder.",
        Required = true,
    };

    internal static Option<bool> NoColour() => new("--no-color") { Description = "Plain text, also on a terminal." };
}
