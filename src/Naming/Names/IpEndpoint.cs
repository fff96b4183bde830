using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;

namespace Fairlead.Naming;

/// <summary>A literal <c>ip:port</c> or <c>[ip6]:port</c>: no name is ever looked up on the way to an anchor. Equal by
/// text. Immutable, thread-safe.</summary>
public sealed record IpEndpoint
{
    private IpEndpoint(string text, IPAddress address, int port)
    {
        Text = text;
        Address = address;
        Port = port;
    }

    /// <summary>The one form of the endpoint.</summary>
    public string Text { get; }

    /// <summary>The address.</summary>
    public IPAddress Address { get; }

    /// <summary>The port, 1 to 65535.</summary>
    public int Port { get; }

    /// <summary>Reads an endpoint; else <c>BadAddress</c>.</summary>
    public static bool TryParse(
        string? text, [NotNullWhen(true)] out IpEndpoint? endpoint, [NotNullWhen(false)] out Refusal? refusal)
    {
        endpoint = null;
        var colon = text?.LastIndexOf(':') ?? -1;
        if (colon > 0 && TryPort(text.AsSpan(colon + 1), out var port))
        {
            var host = text![..colon];
            var six = host.Length > 2 && host[0] == '[' && host[^1] == ']';
            if (IpAddress.TryParse(six ? host[1..^1] : host, out var address, out _) && six == host.Contains(':'))
            {
                endpoint = new IpEndpoint(text, address, port);
            }
        }

        refusal = endpoint is null
            ? new Refusal(VerificationFailure.BadAddress, "", "not ip:port or [ip6]:port")
            : null;
        return endpoint is not null;
    }

    /// <summary>Reads a port from 1 to 65535 in its one form: digits, the first of them no zero.</summary>
    public static bool TryPort(ReadOnlySpan<char> text, out int port) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port)
        && port is > 0 and <= 65535 && text[0] != '0';

    /// <summary>As <see cref="TryParse"/>, for texts of known origin.</summary>
    /// <exception cref="FormatException">Not an endpoint in its one form.</exception>
    public static IpEndpoint Parse(string text) =>
        TryParse(text, out var endpoint, out var refusal) ? endpoint : throw new FormatException(refusal.Detail);

    /// <summary>The endpoint of an address and a port.</summary>
    public static IpEndpoint Of(IPAddress address, int port)
    {
        var host = IpAddress.Format(address);
        var text = host.Contains(':') ? $"[{host}]" : host;
        return Parse(string.Create(CultureInfo.InvariantCulture, $"{text}:{port}"));
    }

    /// <summary>This endpoint as the sockets want it.</summary>
    public IPEndPoint ToIPEndPoint() => new(Address, Port);

    /// <summary>The one form of the endpoint.</summary>
    public override string ToString() => Text;
}
