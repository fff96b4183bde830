using System.Net;
using System.Net.NetworkInformation;

namespace Fairlead.Sidecar.Hosting;

/// <summary>The addresses that this pod has. Thread-safe.</summary>
internal interface IPodAddresses
{
    /// <summary>They may be others now. Raised on any thread, also where they are not.</summary>
    event Action? Changed;

    /// <summary>Those of all interfaces that are up; none where the system does not say.</summary>
    IReadOnlyList<IPAddress> Read();
}

/// <summary>As the system says it. Thread-safe.</summary>
internal sealed class PodAddresses : IPodAddresses
{
    private readonly Lock _gate = new();
    private Action? _changed;

    /// <inheritdoc/>
    public event Action? Changed
    {
        add
        {
            lock (_gate)
            {
                if (_changed is null)
                {
                    NetworkChange.NetworkAddressChanged += OnChanged;
                }

                _changed += value;
            }
        }

        remove
        {
            lock (_gate)
            {
                _changed -= value;
                if (_changed is null)
                {
                    NetworkChange.NetworkAddressChanged -= OnChanged;
                }
            }
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<IPAddress> Read()
    {
        try
        {
            return
            [
                .. NetworkInterface.GetAllNetworkInterfaces()
                    .Where(one => one.OperationalStatus is OperationalStatus.Up or OperationalStatus.Unknown)
                    .SelectMany(one => one.GetIPProperties().UnicastAddresses).Select(one => one.Address),
            ];
        }
        catch (NetworkInformationException)
        {
            return [];
        }
    }

    private void OnChanged(object? sender, EventArgs e) => _changed?.Invoke();
}
