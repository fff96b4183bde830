using Fairlead.Naming;

namespace Fairlead.Controller.Documents;

/// <summary>
/// What a published leaf is called among all of this publisher: a record by its service part alone, a Set by
/// its full name under clusterset.local, since a record of the same service part may stand beside it, a bundle and a
/// gateway by their class and name, <c>bundle/us1.example</c>; no service part holds a slash or ends in
/// clusterset.local. Immutable.
/// </summary>
/// <param name="Class">The leaf's class.</param>
/// <param name="Name">The name inside its class.</param>
internal readonly record struct EntryKey(LeafClass Class, string Name)
{
    private const string BundlePrefix = "bundle/";
    private const string GatewayPrefix = "gateway/";
    private const string SetSuffix = "." + SegmentName.ClusterSet;

    /// <summary>The key as one text.</summary>
    internal string Text => Class switch
    {
        LeafClass.Bundle => BundlePrefix + Name,
        LeafClass.Gateway => GatewayPrefix + Name,
        LeafClass.Set => Name + SetSuffix,
        _ => Name,
    };

    /// <summary>The key of a text that <see cref="Text"/> made.</summary>
    internal static EntryKey Parse(string text) =>
        text.StartsWith(BundlePrefix, StringComparison.Ordinal)
            ? new(LeafClass.Bundle, text[BundlePrefix.Length..])
        : text.StartsWith(GatewayPrefix, StringComparison.Ordinal)
            ? new(LeafClass.Gateway, text[GatewayPrefix.Length..])
        : text.EndsWith(SetSuffix, StringComparison.Ordinal)
            ? new(LeafClass.Set, text[..^SetSuffix.Length])
        : new(LeafClass.Record, text);
}
