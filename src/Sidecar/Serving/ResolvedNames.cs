using System.Collections.Concurrent;
using Fairlead.Resolver;

namespace Fairlead.Sidecar.Serving;

/// <summary>
/// The newest state of every name that the resolver holds, for whomever it does: a name that another client of the
/// sidecar had resolved is there at the first request or question for it. Holds references alone. Thread-safe.
/// </summary>
internal sealed class ResolvedNames
{
    private readonly ConcurrentDictionary<string, CachedName> _names = new(StringComparer.Ordinal);

    /// <summary>Takes over a change.</summary>
    internal void Publish(CachedName name) => _names[name.Name] = name;

    /// <summary>Forgets a name that the resolver gave up.</summary>
    internal void Drop(string name) => _names.TryRemove(name, out _);

    /// <summary>What is known of a name; null for nothing.</summary>
    internal CachedName? Find(string name) => _names.GetValueOrDefault(name);
}
