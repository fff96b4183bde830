using System.Text.Json;

namespace Fairlead.Naming.Traversal;

internal static class JsonElementExtensions
{
    /// <summary>The text of a member.</summary>
    /// <exception cref="KeyNotFoundException">No such member.</exception>
    /// <exception cref="InvalidOperationException">Not a string.</exception>
    internal static string Text(this JsonElement element, string member) =>
        element.GetProperty(member).GetString() ?? throw new FormatException($"{member} is null");
}
