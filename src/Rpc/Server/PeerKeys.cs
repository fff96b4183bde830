using System.Runtime.CompilerServices;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Fairlead.Rpc;

/// <summary>The keys of client certificates, each read once per connection. Thread-safe.</summary>
internal static class PeerKeys
{
    private static readonly ConditionalWeakTable<X509Certificate2, StrongBox<byte[]?>> Points = [];

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
