namespace Fairlead.Xds.Delta;

/// <summary>What one look at names of a delta stream found. Not safe for concurrent use.</summary>
internal sealed class DeltaDue
{
    /// <summary>What the client asked for and waits for.</summary>
    public List<Resource> Urgent { get; } = [];

    /// <summary>What only changed.</summary>
    public List<Resource> Changed { get; } = [];

    /// <summary>What the client holds and should not.</summary>
    public List<string> Gone { get; } = [];

    /// <summary>What it asks for by name and of which nothing is known.</summary>
    public List<string> Open { get; } = [];

    /// <summary>Whether the type's names are asked for one by one; null until somebody wanted to know.</summary>
    public bool? IsOnDemand { get; set; }

    /// <summary>Brings all into the order in which it is sent, which is that of the names.</summary>
    public void Sort()
    {
        Resource.Sort(Urgent);
        Resource.Sort(Changed);
        Gone.Sort(StringComparer.Ordinal);
    }
}
