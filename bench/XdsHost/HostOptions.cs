using System.Globalization;
using System.Net;
using Fairlead.Rpc;

namespace Fairlead.XdsHost;

/// <summary>What the command line says. Immutable.</summary>
/// <param name="Listen">Where to listen.</param>
/// <param name="Names">How many names.</param>
/// <param name="Endpoints">How many endpoints each has.</param>
internal sealed record HostOptions(RpcEndpoint Listen, int Names, int Endpoints)
{
    private const int NamesMax = 100_000;
    private const int EndpointsMax = 10_000;
    private const string Unix = "unix:";

    /// <summary>Reads the arguments, each an option and its value.</summary>
    /// <param name="arguments">The arguments.</param>
    /// <param name="problem">What is wrong with them, where null is returned.</param>
    public static HostOptions? Read(IReadOnlyList<string> arguments, out string problem)
    {
        var (listen, names, endpoints) = ((RpcEndpoint?)null, 100, 100);
        for (var i = 0; i < arguments.Count; i += 2)
        {
            var value = i + 1 < arguments.Count ? arguments[i + 1] : "";
            var isTaken = arguments[i] switch
            {
                "--listen" => (listen = Endpoint(value)) is not null,
                "--names" => Number(value, NamesMax, out names),
                "--endpoints" => Number(value, EndpointsMax, out endpoints),
                _ => false,
            };
            if (!isTaken)
            {
                problem = $"{arguments[i]} {value}: expected --listen HOST:PORT or unix:PATH, --names 1-{NamesMax}, "
                    + $"--endpoints 1-{EndpointsMax}";
                return null;
            }
        }

        problem = "--listen is missing";
        return listen is null ? null : new HostOptions(listen, names, endpoints);
    }

    private static RpcEndpoint? Endpoint(string text) =>
        text.StartsWith(Unix, StringComparison.Ordinal) && text.Length > Unix.Length
            ? RpcEndpoint.Unix(Path.GetFullPath(text[Unix.Length..]))
            : IPEndPoint.TryParse(text, out var address) ? RpcEndpoint.Tcp(address) : null;

    private static bool Number(string text, int most, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number)
        && number >= 1 && number <= most;
}
