using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Fairlead.Rpc;

/// <summary>Reads the P-256 point of a key or a certificate, in the one form that is accepted.</summary>
internal static class P256Point
{
    /// <summary>Bytes of an uncompressed point, <c>04||X||Y</c>.</summary>
    public const int Length = 65;

    private const string EcPublicKeyOid = "1.2.840.10045.2.1";

    // DER of the object identifier 1.2.840.10045.3.1.7. Explicit parameters (CVE-2020-0601) are never equal to it.
    private static readonly byte[] NamedCurve = [0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07];

    /// <summary>The point of a key, or null if it is not on P-256.</summary>
    public static byte[]? Of(ECDsa key)
    {
        var parameters = key.ExportParameters(false);
        return parameters.Curve.IsNamed && key.KeySize == 256 && IsP256(parameters.Curve.Oid)
            ? [0x04, .. parameters.Q.X!, .. parameters.Q.Y!]
            : null;
    }

    /// <summary>
    /// The point of a certificate's key, or null if the key is anything but an uncompressed point of the named curve
    /// P-256. That it lies on the curve is checked by the TLS library, which has verified a signature with it.
    /// </summary>
    public static byte[]? Of(X509Certificate certificate)
    {
        // A certificate object of the base class is parsed again; one of the derived class is read as it is.
        using var parsed = certificate is X509Certificate2 ? null : new X509Certificate2(certificate);
        var key = (certificate as X509Certificate2 ?? parsed!).PublicKey;
        var point = key.EncodedKeyValue.RawData;
        return key.Oid.Value == EcPublicKeyOid
            && key.EncodedParameters?.RawData.AsSpan().SequenceEqual(NamedCurve) == true
            && point.Length == Length
            && point[0] == 0x04
            ? point
            : null;
    }

    private static bool IsP256(Oid oid) =>
        oid.Value == "1.2.840.10045.3.1.7" || oid.FriendlyName is "nistP256" or "ECDSA_P256";
}
