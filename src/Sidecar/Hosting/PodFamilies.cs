using Fairlead.Sidecar.Translation;

namespace Fairlead.Sidecar.Hosting;

/// <summary>
/// Follows in which families the pod has an address that leads out of it, until it is disposed. Thread-safe.
/// </summary>
internal sealed class PodFamilies : IDisposable
{
    private readonly IPodAddresses _addresses;
    private readonly Action<AddressFamilies> _tell;
    private readonly Lock _gate = new();

    /// <summary>Tells them now, and again whenever addresses change.</summary>
    /// <param name="addresses">Those of the pod.</param>
    /// <param name="tell">Hears the families, of two changes of the later one later; the same ones more than once.
    /// Called under a lock.</param>
    internal PodFamilies(IPodAddresses addresses, Action<AddressFamilies> tell)
    {
        (_addresses, _tell) = (addresses, tell);
        addresses.Changed += Read;
        Read();
    }

    /// <inheritdoc/>
    public void Dispose() => _addresses.Changed -= Read;

    private void Read()
    {
        lock (_gate)
        {
            _tell(FamilyTranslation.Of(_addresses.Read()));
        }
    }
}
