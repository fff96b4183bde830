using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using Fairlead.Identities;
using Fairlead.Naming.Names;
using Fairlead.Sidecar.Proxy.Services;

namespace Fairlead.Sidecar.Proxy.Balancing;

/// <summary>
/// What makes an endpoint another one: where it is and who it must be. Weight, locality and readiness may change
/// without that a connection is lost; an identity or a bundle may not. Equal by value.
/// </summary>
internal sealed class EndpointKey : IEquatable<EndpointKey>
{
    private readonly string _text;

    internal EndpointKey(ProxiedEndpoint endpoint, int port, IReadOnlyDictionary<string, TrustBundle> bundles)
    {
        Target = new IPEndPoint(IPAddress.Parse(endpoint.Address), endpoint.Ports[port]);
        Identities = endpoint.Identities;
        ServerName = endpoint.ServerName;
        Bundles = Identities
            .Select(SpiffeId.TrustDomainOf)
            .OfType<string>()
            .Where(bundles.ContainsKey)
            .Distinct(StringComparer.Ordinal)
            .ToImmutableDictionary(domain => domain, domain => bundles[domain], StringComparer.Ordinal);
        var parts = Bundles.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(
            pair => $"{pair.Key}={pair.Value.Digest}");
        _text = string.Join('\n', [Target.ToString(), ServerName ?? "", string.Join(' ', Identities), .. parts]);
        Prefix = string.Create(CultureInfo.InvariantCulture, $"{(IsTls ? "https" : "http")}://{Target}");
    }

    /// <summary>Where it is.</summary>
    internal IPEndPoint Target { get; }

    /// <summary>Who it may be; empty for one without TLS.</summary>
    internal ImmutableArray<string> Identities { get; }

    /// <summary>The name that its TLS is asked for; null for none.</summary>
    internal string? ServerName { get; }

    /// <summary>The sealed bundles of its identities' domains.</summary>
    internal ImmutableDictionary<string, TrustBundle> Bundles { get; }

    /// <summary>Scheme and address: <c>http://192.0.2.1:80</c>.</summary>
    internal string Prefix { get; }

    /// <summary>Whether it is spoken to over mutual TLS.</summary>
    internal bool IsTls => !Identities.IsEmpty;

    /// <summary>Whether whoever was taken for this would be taken for another too.</summary>
    internal bool IsWithin(EndpointKey other) =>
        Target.Equals(other.Target) && ServerName == other.ServerName && IsTls == other.IsTls
        && Identities.All(other.Identities.Contains)
        && Bundles.All(pair => other.Bundles.TryGetValue(pair.Key, out var bundle)
            && pair.Value.Authorities.All(
                authority => bundle.Authorities.Any(one => one.RawDataMemory.Span.SequenceEqual(
                    authority.RawDataMemory.Span))));

    public bool Equals(EndpointKey? other) => other is not null && _text == other._text;

    public override bool Equals(object? obj) => Equals(obj as EndpointKey);

    public override int GetHashCode() => _text.GetHashCode(StringComparison.Ordinal);
}
