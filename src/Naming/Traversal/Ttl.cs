using System.Collections.Immutable;

namespace Fairlead.Naming.Traversal;

/// <summary>
/// How long a verified answer may be served: the smallest of the formula's terms, of which the first minimal one is
/// named as the bound. A term given as a duration counts from the verification. Immutable, thread-safe.
/// </summary>
public sealed class Ttl
{
    private readonly int _bound;

    internal Ttl(ImmutableArray<TtlPart> parts)
    {
        Parts = parts;
        for (var i = 1; i < parts.Length; i++)
        {
            if (parts[i].EndsAt < parts[_bound].EndsAt)
            {
                _bound = i;
            }
        }
    }

    /// <summary>All terms, in the order of the formula.</summary>
    public ImmutableArray<TtlPart> Parts { get; }

    /// <summary>The first minimal term.</summary>
    public TtlPart Bound => Parts[_bound];

    /// <summary>When the answer ends, in unix milliseconds.</summary>
    public long EndsAt => Bound.EndsAt;

    /// <summary>What is left of the answer's life.</summary>
    /// <param name="now">Unix milliseconds; the moment of verification gives the formula's value.</param>
    /// <returns>Milliseconds, never negative, and the name of the term that bounds them.</returns>
    public (long Remaining, string Bound) At(long now) => (Math.Max(0, EndsAt - now), Bound.Name);
}
