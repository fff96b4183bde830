namespace Fairlead.Sidecar.Proxy.Tls;

/// <summary>The form of SPIFFE ids, as far as a verifier of certificates needs it (SPIFFE-ID 2). Stateless.</summary>
internal static class SpiffeId
{
    private const string Scheme = "spiffe://";
    private const int BytesMax = 2048;
    private const int TrustDomainMax = 255;

    /// <summary>The trust domain of an id; null where it is no SPIFFE id with a path.</summary>
    internal static string? TrustDomainOf(string id)
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

        var domain = rest[..slash];
        foreach (var segment in rest[(slash + 1)..].Split('/'))
        {
            var part = rest[(slash + 1)..][segment];
            if (part.IsEmpty || part is "." or ".." || !IsOf(part, isPath: true))
            {
                return null;
            }
        }

        return IsOf(domain, isPath: false) ? domain.ToString() : null;
    }

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
