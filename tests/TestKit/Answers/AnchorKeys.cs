using System.Security.Cryptography;
using Fairlead.Naming;

namespace Fairlead.TestKit.Answers;

/// <summary>The three keys of one anchor.</summary>
public sealed record AnchorKeys(string Id, EcdsaSigner Gov, EcdsaSigner Seal, EcdsaSigner Tls)
{
    public static AnchorKeys Create(string id) => new(id, NewKey(), NewKey(), NewKey());

    public static EcdsaSigner NewKey() => new(ECDsa.Create(ECCurve.NamedCurves.nistP256));
}
