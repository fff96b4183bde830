using System.Net;
using System.Net.NetworkInformation;

namespace Fairlead.Sidecar.Hosting;

/// <summary>The addresses that this pod has now. Stateless.</summary>
internal static class PodAddresses
{
    /// <summary>Those of all interfaces that are up; null where the system does not say now: it reads files of the
    /// system, for which there may be no descriptor left, and which go with their interface.</summary>
    internal static IReadOnlyList<IPAddress>? Read()
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
        catch (Exception e) when (e is NetworkInformationException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
