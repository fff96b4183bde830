using System.Net;
using Microsoft.Extensions.Configuration;

namespace Fairlead.Sidecar.Proxy;

/// <summary>One more address where the proxy is to listen, so that a service's port keeps its meaning behind a virtual
/// address of its own. Immutable.</summary>
/// <param name="Address">A loopback address and the service's port.</param>
/// <param name="IsHttp2">Whether clients speak HTTP/2 with prior knowledge there; cleartext ports cannot tell by
/// themselves. </param>
internal sealed record ServicePort(IPEndPoint Address, bool IsHttp2);

/// <summary>
/// The further addresses, as the configuration that the server watches: a change closes what is gone, with 5 s for its
/// requests, then opens what is new, and leaves the rest alone. An address in use is left out; the server says so.
/// Thread-safe.
/// </summary>
internal sealed class ServicePorts : ConfigurationProvider, IConfigurationSource
{
    private readonly Lock _gate = new();

    /// <inheritdoc/>
    public IConfigurationProvider Build(IConfigurationBuilder builder) => this;

    /// <summary>Listens on exactly these from now on.</summary>
    /// <exception cref="ArgumentException">One is reachable from outside.</exception>
    internal void Set(IReadOnlyCollection<ServicePort> ports)
    {
        if (ports.FirstOrDefault(port => !IPAddress.IsLoopback(port.Address.Address)) is { } outside)
        {
            throw new ArgumentException($"{outside.Address} is reachable from outside", nameof(ports));
        }

        lock (_gate)
        {
            Data = ports
                .SelectMany(port => new[]
                {
                    KeyValuePair.Create($"Endpoints:{Key(port)}:Url", (string?)$"http://{port.Address}"),
                    KeyValuePair.Create(
                        $"Endpoints:{Key(port)}:Protocols", (string?)(port.IsHttp2 ? "Http2" : "Http1")),
                })
                .ToDictionary(StringComparer.OrdinalIgnoreCase);
            OnReload();
        }
    }

    // A colon divides a configuration's sections.
    private static string Key(ServicePort port) => port.Address.ToString().Replace(':', '-');
}
