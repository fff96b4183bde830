using System.Buffers.Text;
using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Fairlead.Identities;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;

namespace Fairlead.Sidecar.Serving;

/// <summary>The bundles that a verified answer seals, by trust domain. Never merged with any other (V55).
/// Thread-safe.</summary>
internal static class SealedBundles
{
    // An answer is mapped at each of its states, and certificates are costly to read.
    private static readonly ConditionalWeakTable<VerifiedAnswer, ImmutableDictionary<string, TrustBundle>> Read = [];

    /// <summary>
    /// The bundles. One that cannot be read stands for none: whoever shows an identity of its domain is refused.
    /// </summary>
    internal static ImmutableDictionary<string, TrustBundle> Of(VerifiedAnswer answer) =>
        Read.GetValue(answer, static answer =>
        {
            var bundles = ImmutableDictionary.CreateBuilder<string, TrustBundle>(StringComparer.Ordinal);
            foreach (var bundle in answer.Bundles)
            {
                if (Certificates(bundle) is { } certificates
                    && TrustBundle.TryRead(bundle.Domain, certificates, out var read))
                {
                    bundles[bundle.Domain] = read;
                }
            }

            return bundles.ToImmutable();
        });

    private static List<ReadOnlyMemory<byte>>? Certificates(Bundle bundle)
    {
        var certificates = new List<ReadOnlyMemory<byte>>();
        foreach (var text in bundle.X509)
        {
            if (!Base64.IsValid(text))
            {
                return null;
            }

            certificates.Add(Convert.FromBase64String(text));
        }

        return certificates;
    }
}
