using Fairlead.Identities;
using Fairlead.Kubernetes.Objects;
using Fairlead.Naming;
using Fairlead.Naming.Names;

namespace Fairlead.Kubernetes.Manifests;

/// <summary>
/// Reads a ClusterTrustBundle. One without the annotation <c>fairlead.dev/trust-domain</c> is somebody else's and is
/// skipped: clusters hold many, and what a segment vouches for is said on purpose.
/// </summary>
internal static class TrustBundleReader
{
    private const string DomainAnnotation = "fairlead.dev/trust-domain";

    /// <summary>The bundle that <paramref name="header"/> opens; null where it is none of a trust domain.</summary>
    public static ClusterTrustBundle? Read(ObjectHeader header, ProblemList problems)
    {
        if (Member.Map(header.Metadata, "annotations", problems)?[DomainAnnotation] is not { } domain)
        {
            return null;
        }

        if (domain.Text is not { } name || !SpiffeId.IsTrustDomain(name))
        {
            problems.Add(domain.Line, $"{DomainAnnotation} {Member.Shown(domain)} is no trust domain: write 1-255 of "
                + "a-z, 0-9, '.', '-' and '_', such as us1.example");
            return null;
        }

        var spec = Member.Map(header.Root, "spec", problems) ?? ManifestNode.Absent(header.Root.Line);
        return Certificates(header, spec, name, problems) is { } certificates
            ? new(header.Key, name, certificates, problems.At(header.Root.Line))
            : null;
    }

    private static List<string>? Certificates(
        ObjectHeader header, ManifestNode spec, string domain, ProblemList problems)
    {
        var line = spec["trustBundle"]?.Line ?? header.Root.Line;
        if (Member.Text(spec, "trustBundle", problems) is not { } pem
            || !TrustBundle.TryReadPem(domain, pem, out var bundle))
        {
            problems.Add(line, $"spec.trustBundle of {header} holds no certificates in PEM, or one that is no "
                + "authority's (CA:TRUE): a workload's certificate must not vouch for itself");
            return null;
        }

        var certificates = bundle.Authorities.Select(one => Convert.ToBase64String(one.RawDataMemory.Span))
            .Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        if (certificates.Count > Limits.Certificates
            || certificates.Exists(one => one.Length > Limits.CertificateBytes))
        {
            problems.Add(line, $"spec.trustBundle of {header} has {certificates.Count} certificates, and a bundle "
                + $"carries {Limits.Certificates}, each of {Limits.CertificateBytes} bytes in base64: leave out old "
                + "authorities");
            return null;
        }

        return certificates;
    }
}
