using System.Net;
using System.Net.NetworkInformation;

namespace Fairlead.Sidecar.Hosting;

/// <summary>The addresses that this pod has now. Stateless.</summary>
internal static class PodAddresses
{
    /// <summary>Those of all interfaces that are up; none where the system does not say.</summary>
    internal static IReadOnlyList<IPAddress> Read()
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
}
