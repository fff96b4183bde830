using Fairlead.EnvoyApi.Core;
using Google.Protobuf.WellKnownTypes;

namespace Fairlead.Sidecar.Translation;

/// <summary>Metadata under Fairlead's namespace. Fields are added in ordinal order, so that bytes are stable.</summary>
internal static class Labels
{
    internal static Metadata Metadata(ReadOnlySpan<(string Key, Value Value)> fields)
    {
        var content = new Struct();
        var ordered = fields.ToArray();
        Array.Sort(ordered, (a, b) => string.CompareOrdinal(a.Key, b.Key));
        foreach (var (key, value) in ordered)
        {
            content.Fields.Add(key, value);
        }

        return new Metadata { FilterMetadata = { [WellKnown.Metadata] = content } };
    }
}
