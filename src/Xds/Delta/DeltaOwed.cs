using Fairlead.Xds.Streams;

namespace Fairlead.Xds.Delta;

/// <summary>What one type of a delta stream owes its client beside what changed. Not safe for concurrent use.</summary>
internal sealed class DeltaOwed
{
    /// <summary>Names asked for by themselves since they were answered last: answered whatever the client
    /// holds.</summary>
    public NameSet Asked { get; } = new();

    /// <summary>Names to be called removed: the client gave one up that "everything" does not hold, or holds one from
    /// before that is gone.</summary>
    public NameSet Gone { get; } = new();

    /// <summary>What the client says that it holds from an earlier stream, by name and version, until that was compared
    /// with what is served.</summary>
    public Dictionary<string, string> Before { get; } = new(StringComparer.Ordinal);

    /// <summary>Names that the client holds from an earlier stream at another version than the one that is to be sent:
    /// called removed if they go before that.</summary>
    public NameSet Outdated { get; } = new();

    /// <summary>The clusters asked for by name, in the order in which they were.</summary>
    public NameOrder Order { get; } = new();

    /// <summary>Whether a collection was asked for of which there is none: nothing is the answer, once.</summary>
    public bool IsNothing { get; set; }

    /// <summary>Whether everything was answered since it was asked for last, all parts of it.</summary>
    public bool IsWhole { get; set; }

    /// <summary>The client asks for a name that it said it holds from before: it holds it at no version that spares it
    /// the answer.</summary>
    public void Doubt(string name)
    {
        if (Before.ContainsKey(name))
        {
            Before[name] = "";
        }
    }

    /// <summary>The client gave a name up and holds it no more, by us or from before.</summary>
    public void Forget(string name)
    {
        Asked.Remove(name);
        Order.Remove(name);
        Before.Remove(name);
        Outdated.Remove(name);
    }
}
