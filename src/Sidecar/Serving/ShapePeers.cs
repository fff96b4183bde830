using System.Collections.Immutable;
using System.Text.Json;
using Fairlead.Sidecar.Translation;

namespace Fairlead.Sidecar.Serving;

/// <summary>
/// Who the endpoints of a name were, as a file of shapes has it, without what vouches for them: enough for a cluster
/// that is not to be spoken to in the clear, and to nobody before its bundles are verified again. Pure.
/// </summary>
internal static class ShapePeers
{
    private const string Peers = "peers";
    private const string Clear = "clear";

    // Of all names together a file has 4 MiB. Endpoints of a service share an identity, as a rule.
    private const int CharactersMax = 16 * 1_024;

    /// <summary>Whether any endpoints of a name can be checked: those that cannot are served to nobody.</summary>
    internal static bool AreIn(ServedName name) => name.Tls?.Peers.Any(peer => !peer.Identities.IsEmpty) == true;

    /// <summary>What stands for those of a name that were not kept: nobody is one of them.</summary>
    internal static ServedTls Unknown(string name, ClientTls clients) => new(
        [new TlsPeer("", [TlsPeer.Nobody], ImmutableSortedDictionary<string, string>.Empty, name)], clients);

    /// <summary>What is kept of a name; null where none of its endpoints can be checked, and where one name has more
    /// identities than a file of all of them has room for.</summary>
    internal static ServedTls? Of(ServedName name)
    {
        var peers = name.Tls?.Peers.RemoveAll(peer => peer.Identities.IsEmpty) ?? [];
        return peers.IsEmpty || peers.Sum(peer => TextOf(peer).Length) > CharactersMax ? null : new ServedTls(
            [.. peers.Select(peer => peer with { Bundles = ImmutableSortedDictionary<string, string>.Empty })],
            ClientTls.None)
        {
            HadClear = name.Endpoints.Any(endpoint => endpoint.Peer is null),
        };
    }

    /// <summary>Whether two are the same.</summary>
    internal static bool AreSame(ServedTls? one, ServedTls? other) =>
        one is null || other is null ? one == other
        : one.HadClear == other.HadClear
            && one.Peers.Select(TextOf).SequenceEqual(other.Peers.Select(TextOf), StringComparer.Ordinal);

    /// <summary>Writes them into an object that is open.</summary>
    internal static void Write(Utf8JsonWriter json, ServedTls tls)
    {
        json.WriteBoolean(Clear, tls.HadClear);
        json.WriteStartArray(Peers);
        foreach (var peer in tls.Peers)
        {
            json.WriteStartObject();
            json.WriteString("id", peer.Id);
            json.WriteString("server_name", peer.ServerName);
            json.WriteBoolean("gateway", peer.IsGateway);
            json.WriteStartArray("identities");
            foreach (var identity in peer.Identities)
            {
                json.WriteStringValue(identity);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    /// <summary>Reads them; null where the object has none.</summary>
    /// <exception cref="InvalidOperationException">A member is of another kind.</exception>
    /// <exception cref="KeyNotFoundException">A member is missing.</exception>
    /// <exception cref="FormatException">A text is null.</exception>
    internal static ServedTls? Read(JsonElement from) => from.TryGetProperty(Peers, out var peers)
        ? new ServedTls([.. peers.EnumerateArray().Select(ReadOne)], ClientTls.None)
        {
            HadClear = from.GetProperty(Clear).GetBoolean(),
        }
        : null;

    private static TlsPeer ReadOne(JsonElement peer) => new(
        Text(peer.GetProperty("id")),
        [.. peer.GetProperty("identities").EnumerateArray().Select(Text)],
        ImmutableSortedDictionary<string, string>.Empty,
        Text(peer.GetProperty("server_name")))
    {
        IsGateway = peer.GetProperty("gateway").GetBoolean(),
    };

    private static string Text(JsonElement from) => from.GetString() ?? throw new FormatException("a text is null");

    private static string TextOf(TlsPeer peer) =>
        string.Join('\n', peer.Identities.Prepend($"{peer.Id} {peer.ServerName} {peer.IsGateway}"));
}
