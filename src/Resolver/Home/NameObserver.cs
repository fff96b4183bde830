namespace Fairlead.Resolver.Home;

/// <summary>
/// Who hears what becomes of the names of a <see cref="HomeResolver"/>, on the resolver's task and in the order in
/// which it happens; none may block. What the first two throw ends the resolver. Immutable.
/// </summary>
/// <param name="Changed">A name's state or answer is another one.</param>
/// <param name="Forgotten">A name was given up; nothing is kept of it.</param>
/// <param name="Troubled">An anchor failed or was refused. Also from other tasks.</param>
public sealed record NameObserver(Action<CachedName> Changed, Action<string> Forgotten, Action<AnchorTrouble> Troubled);
