using Fairlead.Protocol.V1;

namespace Fairlead.Liar;

/// <summary>One way to lie about an answer.</summary>
internal abstract class Lie
{
    /// <summary>The lies by the names of the command line, made for the folder of a configuration.</summary>
    internal static IReadOnlyDictionary<string, Func<string, Lie>> All { get; } =
        new Dictionary<string, Func<string, Lie>>(StringComparer.Ordinal)
    {
        ["ttl-max"] = static _ => new TtlMaxLie(),
        ["old-seal"] = static _ => new OldSealLie(),
        ["foreign-seal"] = static _ => new ForeignSealLie(),
        ["withhold"] = static folder => new WithholdLie(folder),
    };

    /// <summary>Whether it keeps to itself what consumers wait for, from one SIGHUP to the next.</summary>
    internal virtual bool IsSilence => false;

    /// <summary>Called when it begins and when it ends.</summary>
    internal virtual void Turn()
    {
    }

    /// <summary>Whether it keeps a message to itself.</summary>
    /// <param name="answer">The answer in it; null for none.</param>
    internal virtual bool Withholds(Answer? answer) => false;

    /// <summary>Learns from a true answer that the liar obtained for itself when it started.</summary>
    internal virtual void Learn(Answer truth)
    {
    }

    /// <summary>Turns a true answer into the lie, in place; the answer is the liar's own copy.</summary>
    internal abstract void Tell(Answer answer);
}
