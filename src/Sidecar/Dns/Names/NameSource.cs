namespace Fairlead.Sidecar.Dns;

/// <summary>
/// Where verified names come from. Whoever feeds it also calls <see cref="AskedNames.Publish"/> at each change of a
/// name. Implementations are thread-safe.
/// </summary>
internal abstract class NameSource
{
    /// <summary>What is known of a name now; null where nobody wants it.</summary>
    internal abstract NameView? Find(string name);

    /// <summary>
    /// Keeps a name resolved from now on. Interest counts: it ends with as many <see cref="Forget"/>.
    /// </summary>
    internal abstract void Want(string name);

    /// <summary>Says of a name that is kept that it is asked for: those that are not leave before it.</summary>
    internal abstract void Renew(string name);

    /// <summary>Gives it up.</summary>
    internal abstract void Forget(string name);
}
