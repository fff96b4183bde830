namespace Fairlead.Resolver;

/// <summary>What the cache wants done.</summary>
public abstract record CacheOutput
{
    private CacheOutput()
    {
    }

    /// <summary>
    /// Subscribe to the name at a home anchor, anew if it is subscribed there, and at no other from then on.
    /// </summary>
    /// <param name="Name">The name.</param>
    /// <param name="Anchor">The home anchor's index.</param>
    public sealed record Ask(string Name, int Anchor) : CacheOutput;

    /// <summary>
    /// Ask the other anchors once, beside the one that is silent: somebody waits. The subscription stays.
    /// </summary>
    /// <param name="Name">The name.</param>
    /// <param name="Anchor">The anchor that is silent.</param>
    public sealed record Hedge(string Name, int Anchor) : CacheOutput;

    /// <summary>There is no room for the name any more: end its subscription. It may be wanted again.</summary>
    public sealed record Evict(string Name) : CacheOutput;

    /// <summary>
    /// End the stream to an anchor: what came with an answer that was refused (epochs, slices) is not kept, and the
    /// anchor does not say it twice on one stream.
    /// </summary>
    public sealed record Leave(int Anchor) : CacheOutput;

    /// <summary>
    /// What is kept of the name over a restart may not come back: no anchor answers well, and one of them failed a
    /// check (V58).
    /// </summary>
    public sealed record Discard(string Name) : CacheOutput;

    /// <summary>The name is given up: end its subscription, forget it.</summary>
    public sealed record Drop(string Name) : CacheOutput;

    /// <summary>The name's state or answer is another one.</summary>
    public sealed record Changed(CachedName Name) : CacheOutput;
}
