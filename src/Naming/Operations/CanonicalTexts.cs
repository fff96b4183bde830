namespace Fairlead.Naming.Operations;

/// <summary>The order of a list by its elements' canonical bytes (4.0), for values that are written as texts.</summary>
internal sealed class CanonicalTexts : IComparer<IpEndpoint>, IComparer<string>
{
    private CanonicalTexts()
    {
    }

    internal static CanonicalTexts Instance { get; } = new();

    internal static IComparer<string> OfTexts => Instance;

    public int Compare(IpEndpoint? x, IpEndpoint? y) => CanonicalOrder.Compare(x!.ToString(), y!.ToString());

    public int Compare(string? x, string? y) => CanonicalOrder.Compare(x!, y!);
}
