namespace Fairlead.Xds;

/// <summary>
/// Names in the form of locators (xDS, <c>xdstp://authority/type/id</c>) and the collections that they stand in: a
/// client that asks for <c>xdstp://authority/type/*</c> asks for all of one. Stateless.
/// </summary>
/// <remarks>No collection is made of a longer path that ends like one.</remarks>
public static class Collections
{
    /// <summary>What stands before the parameters of a locator's context.</summary>
    public const char ContextMark = '?';

    private const string Scheme = "xdstp://";
    private const string Glob = "/*";

    /// <summary>The collection that a name asks for; null where it asks for none.</summary>
    public static Collection? Of(string asked)
    {
        ArgumentNullException.ThrowIfNull(asked);
        var path = PathOf(asked);
        return IsLocator(asked) && path.EndsWith(Glob, StringComparison.Ordinal)
            && path.AsSpan(Scheme.Length).Count('/') == 2
            ? new Collection(path[..^1], InOrder(asked.AsSpan(path.Length))) : null;
    }

    /// <summary>The collection of this type that a name asks for; null where it asks for none, or for one of another
    /// type.</summary>
    internal static Collection? Of(string asked, ResourceType type) =>
        Of(asked) is { } collection
        && collection.Prefix[..^1].EndsWith(type.TypeUrl[type.TypeUrl.LastIndexOf('/')..], StringComparison.Ordinal)
            ? collection
            : null;

    /// <summary>Whether a name is a locator.</summary>
    public static bool IsLocator(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name.StartsWith(Scheme, StringComparison.Ordinal);
    }

    /// <summary>What of a locator stands before the parameters of its context.</summary>
    public static string PathOf(string locator)
    {
        ArgumentNullException.ThrowIfNull(locator);
        return locator.IndexOf(ContextMark) is >= 0 and var mark ? locator[..mark] : locator;
    }

    // As a client of several spellings compares them: each parameter once, the first of it, by name.
    private static string InOrder(ReadOnlySpan<char> context)
    {
        if (context.Length <= 1)
        {
            return "";
        }

        var parameters = context[1..].ToString().Split('&', StringSplitOptions.RemoveEmptyEntries)
            .Select(one => one.Contains('=') ? one : one + "=")
            .DistinctBy(one => one[..one.IndexOf('=')], StringComparer.Ordinal)
            .Order(StringComparer.Ordinal);
        return ContextMark + string.Join('&', parameters) is { Length: > 1 } some ? some : "";
    }
}
