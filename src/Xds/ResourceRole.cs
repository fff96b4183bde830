namespace Fairlead.Xds;

/// <summary>What a resource stands for.</summary>
public enum ResourceRole
{
    /// <summary>Itself.</summary>
    Ordinary,

    /// <summary>The same as another resource under a further name, as somebody may write it. Of these the oldest leave
    /// before any other that serves where a client asks for too many names.</summary>
    Alias,

    /// <summary>
    /// Something of which nothing is known yet: it is for a client that waits and holds nothing of that name, and never
    /// takes the place of what a client holds.
    /// </summary>
    StandIn,

    /// <summary>What is not there. Of these the oldest leave where a client asks for too many names.</summary>
    Negative,
}
