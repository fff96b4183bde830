using System.Buffers;

namespace Fairlead.Kubernetes.Manifests;

/// <summary>The form of a SPIFFE id (SPIFFE-ID standard, section 2): <c>spiffe://trust-domain/path</c>.</summary>
internal static class SpiffeId
{
    private const string Scheme = "spiffe://";
    private const int BytesMax = 1024;
    private const int DomainBytesMax = 255;
    private const string LowerText = "abcdefghijklmnopqrstuvwxyz0123456789.-_";
    private static readonly SearchValues<char> Lower = SearchValues.Create(LowerText);
    private static readonly SearchValues<char> Any = SearchValues.Create(LowerText + "ABCDEFGHIJKLMNOPQRSTUVWXYZ");

    /// <summary>Whether this names a workload: a trust domain and a path of segments, none of them relative.</summary>
    public static bool IsValid(string text)
    {
        if (text.Length > BytesMax || !text.StartsWith(Scheme, StringComparison.Ordinal))
        {
            return false;
        }

        var parts = text[Scheme.Length..].Split('/');
        return parts.Length > 1
            && parts[0].Length is > 0 and <= DomainBytesMax
            && !parts[0].AsSpan().ContainsAnyExcept(Lower)
            && parts.Skip(1).All(part => part is not ("" or "." or "..") && !part.AsSpan().ContainsAnyExcept(Any));
    }
}
