using Fairlead.Protocol.V1;

namespace Fairlead.Liar;

/// <summary>One way to lie about an answer.</summary>
internal abstract class Lie
{
    /// <summary>The lies by the names of the command line.</summary>
    internal static IReadOnlyDictionary<string, Func<Lie>> All { get; } =
        new Dictionary<string, Func<Lie>>(StringComparer.Ordinal)
    {
        ["ttl-max"] = static () => new TtlMaxLie(),
        ["old-seal"] = static () => new OldSealLie(),
        ["foreign-seal"] = static () => new ForeignSealLie(),
        ["withhold"] = static () => new WithholdLie(),
    };

    /// <summary>Whether it keeps to itself what consumers wait for, from one SIGHUP to the next.</summary>
    internal virtual bool Withholds => false;

    /// <summary>Learns from a true answer that the liar obtained for itself when it started.</summary>
    internal virtual void Learn(Answer truth)
    {
    }

    /// <summary>Turns a true answer into the lie, in place; the answer is the liar's own copy.</summary>
    internal abstract void Tell(Answer answer);
}
