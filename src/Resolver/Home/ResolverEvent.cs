using Fairlead.Naming;
using Fairlead.Protocol.V1;

namespace Fairlead.Resolver.Home;

/// <summary>What the resolver's loop hears.</summary>
internal abstract record ResolverEvent
{
    /// <summary>Somebody uses a name, or nobody does any more.</summary>
    internal sealed record Interest(string Name, bool IsWanted) : ResolverEvent;

    /// <summary>An anchor said something on its stream.</summary>
    internal sealed record Heard(AnchorSession Session, SubscribeResponse Response) : ResolverEvent;

    /// <summary>A stream is over.</summary>
    internal sealed record Broken(AnchorSession Session, Refusal Reason) : ResolverEvent;
}

/// <summary>An answer that was refused, or an anchor that failed; for operators. Immutable.</summary>
/// <param name="Time">When.</param>
/// <param name="Anchor">Which anchor.</param>
/// <param name="Name">For which name; empty where it concerns the connection.</param>
/// <param name="Refusal">Why.</param>
public sealed record AnchorTrouble(DateTimeOffset Time, string Anchor, string Name, Refusal Refusal);
