using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using Fairlead.Naming;

namespace Fairlead.Identities;

/// <summary>
/// A Kubernetes service-account token as its own pod reads it, to know who it is: nothing of it is verified here, and
/// its text never shows it. Immutable.
/// </summary>
/// <param name="Text">The token: three parts of base64url.</param>
/// <param name="Subject">Whom it names: namespace and service account.</param>
public sealed record ServiceAccountToken(string Text, Subject Subject)
{
    /// <summary>The most bytes of a token.</summary>
    public const int BytesMax = 8 * 1024;

    private const string Claims = "kubernetes.io";

    /// <summary>Reads the content of a projected token file.</summary>
    /// <exception cref="FormatException">It holds no service-account token; the message has no part of it.</exception>
    public static ServiceAccountToken Read(ReadOnlySpan<byte> content)
    {
        var text = Encoding.ASCII.GetString(content).Trim();
        if (text.Length > BytesMax
            || text.Split('.') is not [{ Length: > 0 }, { Length: > 0 } payload, { Length: > 0 }]
            || text.AsSpan().ContainsAnyExceptInRange('!', '~'))
        {
            throw new FormatException("the token file holds no signed token");
        }

        return new ServiceAccountToken(text, SubjectOf(payload));
    }

    /// <summary>Whom it names.</summary>
    public override string ToString() => $"token of {Subject.Namespace}/{Subject.Account}";

    private static Subject SubjectOf(string payload)
    {
        try
        {
            using var claims = JsonDocument.Parse(
                Base64Url.DecodeFromChars(payload), new JsonDocumentOptions { MaxDepth = 8 });
            var pod = claims.RootElement.GetProperty(Claims);
            return new Subject
            {
                Namespace = pod.GetProperty("namespace").GetString() ?? throw new FormatException("no namespace"),
                Account = pod.GetProperty("serviceaccount").GetProperty("name").GetString()
                    ?? throw new FormatException("no account"),
            };
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException
            or FormatException)
        {
            throw new FormatException("the token file names no service account in kubernetes.io", e);
        }
    }
}
