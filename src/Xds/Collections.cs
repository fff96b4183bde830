namespace Fairlead.Xds;

/// <summary>
/// Names in the form of locators (xDS, <c>xdstp://authority/type/id</c>) and the collections that they stand in: a
/// client that asks for <c>xdstp://authority/type/*</c> asks for all of one. Stateless.
/// </summary>
/// <remarks>A locator with context parameters is a name like any other: no collection is made of it. Nor is one of a
/// longer path that ends like a collection.</remarks>
public static class Collections
{
    private const string Scheme = "xdstp://";
    private const string Glob = "/*";

    /// <summary>What the names of a collection begin with; null where a name asks for none.</summary>
    public static string? PrefixOf(string asked)
    {
        ArgumentNullException.ThrowIfNull(asked);
        return IsLocator(asked) && asked.EndsWith(Glob, StringComparison.Ordinal)
            && asked.AsSpan(Scheme.Length).Count('/') == 2 ? asked[..^1] : null;
    }

    /// <summary>What the names of a collection of this type begin with; null where a name asks for none, or for one of
    /// another type.</summary>
    internal static string? PrefixOf(string asked, ResourceType type) =>
        PrefixOf(asked) is { } prefix
        && prefix[..^1].EndsWith(type.TypeUrl[type.TypeUrl.LastIndexOf('/')..], StringComparison.Ordinal)
            ? prefix
            : null;

    /// <summary>Whether a name is a locator.</summary>
    public static bool IsLocator(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name.StartsWith(Scheme, StringComparison.Ordinal);
    }
}
