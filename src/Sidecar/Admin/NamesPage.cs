using System.Text.Json;
using Fairlead.Naming.Traversal;
using Fairlead.Resolver;
using Fairlead.Sidecar.Serving;
using Fairlead.Sidecar.Translation;

namespace Fairlead.Sidecar.Admin;

/// <summary>
/// The page <c>/names</c>: one object per name held, ascending by name, always with the same members. <c>anchor</c> is
/// the anchor of the home at which it is subscribed, null where it is at none. <c>path</c>,
/// <c>epoch</c>, <c>seal</c>, <c>signers</c>, <c>age_ms</c>, <c>ttl_ms</c>, <c>bound</c> and <c>stale_ms</c> describe
/// the newest verified answer, null or empty without one; <c>epoch</c> and <c>seal</c> are the target's.
/// <c>stale_ms</c> is what is left of its continuity once its time is over: 0 for a strict name. <c>introductions</c>
/// says by whose seals the target is known, and until when. <c>failure</c> is the error that the last attempt to renew
/// it ended with; what the anchors said stands in <c>/refusals</c>. <c>members</c> is empty but for a name that several
/// segments serve: each with its own state, whether it serves the name, and why it was refused or failed.
/// <c>bounded</c> has the ports of a strict name, and within how many milliseconds a stream ends there that is open in
/// an Envoy when the name does: <c>max_stream_duration</c> of HTTP, one question and its answer of TCP.
/// <c>unbounded</c> has those at which nothing does. <c>left_out</c> counts the ports and the endpoints that are not
/// served because the name has more ports, or more identities, than a name may.
/// </summary>
internal static class NamesPage
{
    private const string Tcp = "tcp";

    /// <summary>Writes the page.</summary>
    /// <param name="json">Where to.</param>
    /// <param name="names">The names.</param>
    /// <param name="now">The moment on both clocks for which ages and lives are told.</param>
    /// <param name="anchorOf">At which anchor a name is subscribed; null for none.</param>
    /// <param name="within">Within which time connections of TCP end; null for never.</param>
    internal static void Write(
        Utf8JsonWriter json,
        IEnumerable<CachedName> names,
        CacheTime now,
        Func<string, string?> anchorOf,
        TimeSpan? within)
    {
        json.WriteStartArray();
        foreach (var name in names.OrderBy(name => name.Name, StringComparer.Ordinal))
        {
            WriteOne(json, name, now, anchorOf(name.Name), within);
        }

        json.WriteEndArray();
    }

    private static void WriteOne(
        Utf8JsonWriter json, CachedName name, CacheTime now, string? anchor, TimeSpan? within)
    {
        json.WriteStartObject();
        json.WriteString("name", name.Name);
        json.WriteString("state", StateName(name.State));
        json.WriteStartArray("path");
        foreach (var hop in name.Answer?.Hops ?? [])
        {
            json.WriteStringValue(hop.Name.Text);
        }

        json.WriteEndArray();
        var target = name.Answer?.Target;
        Number(json, "epoch", target?.Epoch.Value.Number);
        Number(json, "seal", target?.Seal?.Position.Seq);
        json.WriteStartArray("signers");
        foreach (var signer in target?.Seal?.Signers ?? [])
        {
            json.WriteStringValue(signer);
        }

        json.WriteEndArray();
        Number(json, "age_ms", target is null ? null : now.Monotonic - name.VerifiedAt);
        Number(json, "ttl_ms", target is null ? null : Math.Max(0, name.ExpiresAt - now.Monotonic));
        json.WriteString("bound", name.Answer?.Ttl.Bound.Name);
        Number(json, "stale_ms", target is null ? null : StaleLeft(name, now.Monotonic));
        json.WriteString("failure", (name.Refused ?? name.Failure)?.Failure.ToString());
        WriteIntroductions(json, name.Answer);
        WriteMembers(json, name);
        json.WriteString("anchor", anchor);
        var served = ServedNameMapping.Map(name);
        WriteBounds(json, served, within);
        json.WriteStartObject("left_out");
        json.WriteNumber("ports", served.PortsLeftOut);
        json.WriteNumber("endpoints", served.EndpointsLeftOut);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteBounds(Utf8JsonWriter json, ServedName served, TimeSpan? within)
    {
        var ports = served is { Reason: null, StreamMax: not null } ? served.Ports : [];
        json.WriteStartArray("bounded");
        foreach (var port in ports.OrderBy(port => port.Number))
        {
            if ((port.Protocol == Tcp ? within : served.StreamMax) is { } bound)
            {
                json.WriteStartObject();
                json.WriteNumber("port", port.Number);
                json.WriteNumber("within_ms", (long)bound.TotalMilliseconds);
                json.WriteEndObject();
            }
        }

        json.WriteEndArray();
        json.WriteStartArray("unbounded");
        foreach (var port in ports.Where(port => port.Protocol == Tcp && within is null).OrderBy(port => port.Number))
        {
            json.WriteNumberValue(port.Number);
        }

        json.WriteEndArray();
    }

    private static long StaleLeft(CachedName name, long now) =>
        name.IsServed ? Math.Max(0, name.StaleUntil - Math.Max(now, name.ExpiresAt)) : 0;

    // By whose word the target is known, and for how long that holds though its author may be dead.
    private static void WriteIntroductions(Utf8JsonWriter json, VerifiedAnswer? answer)
    {
        json.WriteStartArray("introductions");
        foreach (var hop in answer?.Hops ?? [])
        {
            if (hop.IntroducedUntil is { } until)
            {
                json.WriteStartObject();
                json.WriteString("by", hop.Name.Text);
                json.WriteNumber("epoch", hop.Seal!.Position.Epoch);
                json.WriteNumber("seal", hop.Seal.Position.Seq);
                json.WriteNumber("issued", hop.Seal.Issued);
                json.WriteNumber("until", until);
                json.WriteEndObject();
            }
        }

        json.WriteEndArray();
    }

    // Of a name that several segments serve: who does, and why another one does not.
    private static void WriteMembers(Utf8JsonWriter json, CachedName name)
    {
        json.WriteStartArray("members");
        foreach (var part in name.Members)
        {
            json.WriteStartObject();
            json.WriteString("name", part.Member.Name.Text);
            json.WriteNumber("priority", part.Member.Priority);
            json.WriteNumber("weight", part.Member.Weight);
            json.WriteString("state", StateName(part.State));
            json.WriteBoolean("used", name.IsServed && part.IsUsed);
            var failure = part.Mismatch ?? part.Name?.Refused ?? part.Name?.Failure;
            json.WriteString("failure", failure?.Failure.ToString());
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void Number(Utf8JsonWriter json, string key, long? value)
    {
        if (value is { } number)
        {
            json.WriteNumber(key, number);
        }
        else
        {
            json.WriteNull(key);
        }
    }

    /// <summary>The state as users read it.</summary>
    internal static string StateName(NameState state) => state.ToString().ToLowerInvariant();
}
