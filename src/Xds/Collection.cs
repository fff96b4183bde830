namespace Fairlead.Xds;

/// <summary>
/// A collection of resources that a client asks for whole: <c>xdstp://authority/type/*</c>, or one of a context,
/// <c>xdstp://authority/type/*?a=1&amp;b=2</c>, whose members carry the same parameters. Immutable.
/// </summary>
/// <remarks>Envoy adds parameters that say which node it is, and takes for a member only what carries the same ones; it
/// puts them in order before it compares (Envoy, "xdstp based naming"; <c>WatchMap::watchesInterestedIn</c>).</remarks>
/// <param name="Prefix">What the names of its members begin with.</param>
/// <param name="Context">What they end with: its parameters in order behind a question mark, or nothing.</param>
public readonly record struct Collection(string Prefix, string Context)
{
    /// <summary>What the names of a member are between the one and the other.</summary>
    public string NameOf(string id) => Prefix + id + Context;

    /// <summary>Whether a name is that of a member.</summary>
    public bool Has(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name.Length > Prefix.Length + Context.Length
            && name.StartsWith(Prefix, StringComparison.Ordinal)
            && name.EndsWith(Context, StringComparison.Ordinal)
            && name.AsSpan(Prefix.Length..^Context.Length).IndexOf(Collections.ContextMark) < 0;
    }

    /// <summary>The name by which it is asked for.</summary>
    public override string ToString() => NameOf("*");
}
