using System.Security.Cryptography;
using System.Text;
using Fairlead.Naming;
using Fairlead.Rpc;

namespace Fairlead.Anchor.Identities;

/// <summary>What a caller shows of itself. Immutable. Its text never shows the token.</summary>
/// <param name="Kid">The kid of the key that the connection proved; null where it proved none.</param>
/// <param name="Certificates">The client certificate and what came with it, DER.</param>
/// <param name="Token">The bearer token of the call; null for none.</param>
internal sealed record Caller(Digest? Kid, IReadOnlyList<ReadOnlyMemory<byte>> Certificates, string? Token)
{
    private const string Scheme = "Bearer ";

    private Digest? _proof;

    /// <summary>The digest of what it proves itself with besides its key: the token, else the certificates.</summary>
    internal Digest Proof => _proof ??= Token is null ? Fingerprint() : Digest.Sha256(Encoding.UTF8.GetBytes(Token));

    /// <summary>Where it calls from, for those who count callers.</summary>
    internal CallOrigin From { get; init; }

    /// <summary>Says that it is known here, and so its connection is no stranger's: a pod or an anchor of the segment,
    /// a holder of a Credential, or an anchor of a home that may ask.</summary>
    internal Action Accept { get; init; } = static () => { };

    /// <summary>Who makes a call.</summary>
    internal static Caller Of(ServerCallContext call)
    {
        var kid = call.PeerKey is { } point && PublicKey.TryFromPoint(point, out var key, out _)
            ? key.Kid
            : (Digest?)null;
        var header = call.RequestHeaders.GetValue("authorization");
        var token = header is not null && header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
            ? header[Scheme.Length..]
            : null;
        return new Caller(kid, call.PeerCertificates, token) { From = CallOrigin.Of(call.Peer), Accept = call.Accept };
    }

    /// <summary>The kid, and what it proves itself with besides.</summary>
    public override string ToString() =>
        $"{Kid}{(Token is null ? "" : " with a token")}, {Certificates.Count} certificates";

    private Digest Fingerprint()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var one in Certificates)
        {
            hash.AppendData(SHA256.HashData(one.Span));
        }

        return Digest.FromBytes(hash.GetHashAndReset());
    }
}
