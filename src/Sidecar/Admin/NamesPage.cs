using System.Text.Json;
using Fairlead.Resolver;

namespace Fairlead.Sidecar.Admin;

/// <summary>
/// The page <c>/names</c>: one object per name held, ascending by name. <c>path</c>, <c>epoch</c>, <c>seal</c>,
/// <c>signers</c> and <c>bound</c> describe the newest verified answer; <c>epoch</c> and <c>seal</c> are the target's.
/// </summary>
internal static class NamesPage
{
    /// <summary>Writes the page.</summary>
    /// <param name="now">The moment on both clocks for which ages and lives are told.</param>
    internal static void Write(Utf8JsonWriter json, IEnumerable<CachedName> names, CacheTime now)
    {
        json.WriteStartArray();
        foreach (var name in names.OrderBy(name => name.Name, StringComparer.Ordinal))
        {
            WriteOne(json, name, now);
        }

        json.WriteEndArray();
    }

    private static void WriteOne(Utf8JsonWriter json, CachedName name, CacheTime now)
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
        if (name.Answer is { } answer)
        {
            json.WriteNumber("epoch", answer.Target.Epoch.Value.Number);
            if (answer.Target.Seal is { } seal)
            {
                json.WriteNumber("seal", seal.Position.Seq);
            }

            json.WriteStartArray("signers");
            foreach (var signer in answer.Target.Seal?.Signers ?? [])
            {
                json.WriteStringValue(signer);
            }

            json.WriteEndArray();
            json.WriteNumber("age_ms", now.Monotonic - name.VerifiedAt);
            json.WriteNumber("ttl_ms", Math.Max(0, name.ExpiresAt - now.Monotonic));
            json.WriteString("bound", answer.Ttl.Bound.Name);
        }

        if (name.Failure is { } failure)
        {
            json.WriteString("failure", failure.Failure.ToString());
        }

        json.WriteEndObject();
    }

    /// <summary>The state as users read it.</summary>
    internal static string StateName(NameState state) => state.ToString().ToLowerInvariant();
}
