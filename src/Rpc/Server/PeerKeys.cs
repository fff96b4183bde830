using System.Runtime.CompilerServices;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Fairlead.Rpc;

/// <summary>The keys of client certificates, each read once per connection, and what came with them. Thread-safe.
/// </summary>
internal static class PeerKeys
{
    // A client with a longer chain than this has no use for it here.
    private const int CertificatesMax = 8;

    private static readonly ConditionalWeakTable<X509Certificate2, StrongBox<byte[]?>> Points = [];
    private static readonly ConditionalWeakTable<X509Certificate2, byte[][]> Between = [];

    /// <summary>Keeps what a handshake brought besides the client's own certificate, as long as that lives.</summary>
    public static void Note(X509Certificate2 certificate, X509Chain? chain)
    {
        if (chain?.ChainPolicy.ExtraStore is { Count: > 0 and <= CertificatesMax } sent)
        {
            Between.AddOrUpdate(certificate, [.. sent.Select(one => one.RawData)]);
        }
    }

    /// <summary>The client's certificate in DER and behind it what came with it; empty without one.</summary>
    public static IReadOnlyList<ReadOnlyMemory<byte>> Certificates(HttpContext http) =>
        http.Features.Get<ITlsConnectionFeature>()?.ClientCertificate is not { } certificate
            ? []
            : [certificate.RawDataMemory,
                .. (Between.TryGetValue(certificate, out var sent) ? sent : [])
                    .Select(one => (ReadOnlyMemory<byte>)one)];

    /// <summary>
    /// True for a certificate whose key is not accepted; else the key, or null without a certificate.
    /// </summary>
    public static bool IsBad(HttpContext http, out byte[]? point)
    {
        point = null;
        if (http.Features.Get<ITlsConnectionFeature>()?.ClientCertificate is not { } certificate)
        {
            return false;
        }

        point = Points.GetValue(certificate, static c => new StrongBox<byte[]?>(P256Point.Of(c))).Value;
        return point is null;
    }
}
