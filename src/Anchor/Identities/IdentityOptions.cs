using System.Collections.Immutable;
using Fairlead.Configuration;
using Fairlead.Naming;
using Fairlead.Naming.Names;

namespace Fairlead.Anchor.Identities;

/// <summary>By what proofs, besides keys on file, the segment's anchors know its pods (V50). Immutable.</summary>
/// <param name="Spiffe">The trust domains whose X.509 SVIDs count.</param>
/// <param name="Tokens">The issuers whose service-account tokens count.</param>
internal sealed record IdentityOptions(
    ImmutableArray<SpiffeDomain> Spiffe, ImmutableArray<TokenIssuer> Tokens)
{
    private const int DomainsMax = 16;
    private const int IdsMax = 10_000;
    private const int IssuersMax = 16;

    /// <summary>No proof but keys on file.</summary>
    internal static IdentityOptions None { get; } = new([], []);

    /// <summary>Reads the lists <c>spiffe</c> and <c>tokens</c>. What is wrong is added to the file's errors.</summary>
    internal static IdentityOptions Read(ConfigurationSection root)
    {
        var spiffe = root.Has("spiffe") ? root.Sections("spiffe", DomainsMax).Select(Domain).ToImmutableArray() : [];
        var tokens = root.Has("tokens") ? root.Sections("tokens", IssuersMax).Select(Issuer).ToImmutableArray() : [];
        if (spiffe.DistinctBy(one => one.Domain).Count() != spiffe.Length)
        {
            root.Refuse("spiffe", "names a trust domain twice", "write one entry for each trust domain");
        }

        if (tokens.DistinctBy(one => (one.Issuer, one.Audience)).Count() != tokens.Length)
        {
            root.Refuse("tokens", "names an issuer and audience twice", "write one entry for each of them");
        }

        return new IdentityOptions(spiffe, tokens);
    }

    private static SpiffeDomain Domain(ConfigurationSection section)
    {
        var domain = section.Text("trust_domain");
        if (!SpiffeId.IsValid($"spiffe://{domain}/x"))
        {
            section.Refuse("trust_domain", $"{domain} is no trust domain", "write its bare name, such as example.org");
        }

        var subjects = ImmutableDictionary.CreateBuilder<string, Subject>(StringComparer.Ordinal);
        foreach (var one in section.Has("subjects") ? section.Sections("subjects", IdsMax) : [])
        {
            var id = one.Text("id");
            if (SpiffeId.TrustDomainOf(id) != domain || subjects.ContainsKey(id))
            {
                one.Refuse("id", $"{id} is no id of {domain}, or stands twice", "write spiffe://TRUST-DOMAIN/PATH");
            }

            subjects[id] = new Subject { Namespace = one.Text("namespace"), Account = one.Text("account") };
        }

        return new SpiffeDomain(
            domain, section.ExistingFile("bundle"), section.Flag("kubernetes_paths", false), subjects.ToImmutable());
    }

    private static TokenIssuer Issuer(ConfigurationSection section) =>
        new(section.Text("issuer"), section.Text("audience"), section.ExistingFile("keys"));
}
