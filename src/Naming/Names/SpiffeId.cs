namespace Fairlead.Naming.Names;

/// <summary>
/// The form of the SPIFFE id of a workload (SPIFFE-ID, section 2): <c>spiffe://trust-domain/path</c>, in all at most
/// 2,048 bytes, a trust domain of at most 255 and a path with no empty and no relative segment. Stateless.
/// </summary>
public static class SpiffeId
{
    private const string Scheme = "spiffe://";
    private const int BytesMax = 2048;
    private const int TrustDomainMax = 255;

    /// <summary>The trust domain of an id; null where it is no SPIFFE id of a workload.</summary>
    public static string? TrustDomainOf(string id)
    {
        if (id.Length > BytesMax || !id.StartsWith(Scheme, StringComparison.Ordinal))
        {
            return null;
        }

        var rest = id.AsSpan(Scheme.Length);
        var slash = rest.IndexOf('/');
        if (slash is <= 0 or > TrustDomainMax)
        {
            return null;
        }

        var path = rest[(slash + 1)..];
        foreach (var segment in path.Split('/'))
        {
            var part = path[segment];
            if (part.IsEmpty || part is "." or ".." || !IsOf(part, isPath: true))
            {
                return null;
            }
        }

        var domain = rest[..slash];
        return IsOf(domain, isPath: false) ? domain.ToString() : null;
    }

    /// <summary>Whether this is the id of a workload.</summary>
    public static bool IsValid(string id) => TrustDomainOf(id) is not null;

    /// <summary>Whether this is the name of a trust domain.</summary>
    public static bool IsTrustDomain(string text) =>
        text.Length is > 0 and <= TrustDomainMax && IsOf(text, isPath: false);

    private static bool IsOf(ReadOnlySpan<char> text, bool isPath)
    {
        foreach (var letter in text)
        {
            if (!(char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter) || letter is '.' or '-' or '_'
                || (isPath && char.IsAsciiLetterUpper(letter))))
            {
                return false;
            }
        }

        return true;
    }
}
