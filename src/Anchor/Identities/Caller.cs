using System.Net;
using System.Net.Sockets;
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
    private const int RoutedBytes = 8;

    /// <summary>Where it calls from, for those who count callers: its IPv4 address or the network of its IPv6 address,
    /// hashed; the default where there is none.</summary>
    internal Digest From { get; init; }

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
        return new Caller(kid, call.PeerCertificates, token) { From = AddressOf(call.Peer) };
    }

    // Of IPv6 the half that is routed: whoever has one address of it has all.
    internal static Digest AddressOf(string peer)
    {
        var colon = peer.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0 || !IPEndPoint.TryParse(peer.AsSpan(colon + 1), out var at))
        {
            return default;
        }

        var bytes = at.Address.GetAddressBytes();
        return Digest.Sha256(at.AddressFamily == AddressFamily.InterNetworkV6 ? bytes.AsSpan(0, RoutedBytes) : bytes);
    }

    /// <summary>The kid, and what it proves itself with besides.</summary>
    public override string ToString() =>
        $"{Kid}{(Token is null ? "" : " with a token")}, {Certificates.Count} certificates";
}
