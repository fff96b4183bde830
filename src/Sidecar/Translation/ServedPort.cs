using System.Collections.Immutable;

namespace Fairlead.Sidecar.Translation;

/// <summary>One port of a service. Immutable.</summary>
/// <param name="Name">Its name, if it has one.</param>
/// <param name="Number">The number that consumers use.</param>
/// <param name="Protocol"><c>http</c>, <c>http2</c>, <c>grpc</c> or <c>tcp</c>.</param>
internal sealed record ServedPort(string? Name, int Number, string Protocol);

/// <summary>Which port a name without one means: the same in Envoy's routes and in the proxy. Stateless.</summary>
internal static class BarePorts
{
    private const int Usual = 80;

    /// <summary>
    /// The index of port 80, else of the only port, else of the only one named http or grpc; -1 where nothing decides.
    /// </summary>
    internal static int IndexIn(ImmutableArray<ServedPort> ports)
    {
        for (var i = 0; i < ports.Length; i++)
        {
            if (ports[i].Number == Usual)
            {
                return i;
            }
        }

        if (ports.Length == 1)
        {
            return 0;
        }

        var named = Enumerable.Range(0, ports.Length).Where(i => ports[i].Name is "http" or "grpc").Take(2).ToList();
        return named.Count == 1 ? named[0] : -1;
    }

    /// <summary>The index of the port that a request means, by its number or, where it is 80 or none, as the bare name:
    /// a client writes <c>:80</c>, or leaves it out, for "the usual port" alike. -1 where there is none.</summary>
    internal static int IndexOf(ImmutableArray<ServedPort> ports, int? number)
    {
        if (number is null or Usual)
        {
            return IndexIn(ports);
        }

        for (var i = 0; i < ports.Length; i++)
        {
            if (ports[i].Number == number)
            {
                return i;
            }
        }

        return -1;
    }
}
