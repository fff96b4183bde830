namespace Fairlead.Naming.Traversal;

/// <summary>How a traversal came to a hop (V32): from the home up any number of times, at most one peer, then
/// down.</summary>
public enum HopKind
{
    /// <summary>No kind; never valid.</summary>
    None = 0,

    /// <summary>The asker's own segment, always hop 0.</summary>
    Home = 1,

    /// <summary>The parent that the segment before names in its epoch.</summary>
    Up = 2,

    /// <summary>The neighbour that the segment before names by a Peer leaf.</summary>
    Peer = 3,

    /// <summary>The child that the segment before names by a Link leaf.</summary>
    Down = 4,
}
