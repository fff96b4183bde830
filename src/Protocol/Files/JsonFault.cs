using System.Text.Json;
using System.Text.RegularExpressions;

namespace Fairlead.Protocol.Files;

/// <summary>What is wrong with a JSON file, for people: its line and member, and no name of this program's types.
/// Stateless.</summary>
public static partial class JsonFault
{
    /// <summary>The words for an error of reading a form; the message of any other.</summary>
    public static string Of(Exception error)
    {
        ArgumentNullException.ThrowIfNull(error);
        if (error is not JsonException { LineNumber: { } line } json)
        {
            return error.Message;
        }

        // The members that are missing stand in the message alone.
        return Missing().Match(json.Message) is { Success: true } missing
                ? $"line {line + 1}: {json.Path} lacks {missing.Groups[1].Value}"
            : json.InnerException is JsonException ? $"line {line + 1}: no JSON"
            : $"line {line + 1}: {json.Path} is unknown, stands twice or has another form";
    }

    [GeneratedRegex("missing required properties including: ([^.]*)")]
    private static partial Regex Missing();
}
