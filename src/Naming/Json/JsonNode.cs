namespace Fairlead.Naming;

/// <summary>What a node of a canonical document is.</summary>
internal enum JsonKind
{
    Object,
    List,
    String,
    Integer,
}

/// <summary>A node of a strictly parsed document. Immutable after parsing.</summary>
internal sealed class JsonNode
{
    internal required JsonKind Kind { get; init; }

    /// <summary>The text of a string.</summary>
    internal string Text { get; init; } = "";

    /// <summary>The value of an integer, 0 to 2^53 - 1.</summary>
    internal long Integer { get; init; }

    /// <summary>The elements of a list, in order.</summary>
    internal IReadOnlyList<JsonNode> Items { get; init; } = [];

    /// <summary>The members of an object, ascending.</summary>
    internal IReadOnlyList<KeyValuePair<string, JsonNode>> Members { get; init; } = [];

    /// <summary>The member with this name, or null.</summary>
    internal JsonNode? Find(string name)
    {
        // Objects have a dozen members: a scan is shorter than any index.
        for (var i = 0; i < Members.Count; i++)
        {
            if (string.Equals(Members[i].Key, name, StringComparison.Ordinal))
            {
                return Members[i].Value;
            }
        }

        return null;
    }
}
