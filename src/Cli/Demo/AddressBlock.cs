using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;

namespace Fairlead.Cli.Demo;

/// <summary>
/// A block <c>127.N.0.0/16</c> that one demo has for itself, so that several can run on one machine. A socket that
/// listens in it is the claim: the kernel gives it back however the program ends. Block 0 holds the samples' own
/// addresses. Thread-safe.
/// </summary>
internal sealed partial class AddressBlock : IDisposable
{
    /// <summary>How many demos find room. The generator's addresses begin behind them, at 127.64.0.0.</summary>
    internal const int Count = 32;

    private const int ClaimPort = 18999;
    private const int PortsPerBlock = 64;

    // Below what Linux hands out to clients by itself, so that no other program's connection takes one meanwhile.
    private const int FirstPort = 20_000;

    private readonly Socket _claim;

    private AddressBlock(int number, Socket claim)
    {
        Number = number;
        _claim = claim;
    }

    /// <summary>N: 0 to <see cref="Count"/> - 1.</summary>
    internal int Number { get; }

    /// <summary>Takes the first block in which nobody listens on what the demo needs.</summary>
    /// <param name="needed">Addresses of block 0 that are to be free in the block.</param>
    /// <exception cref="CliException">There is none; the message names the address that is in use.</exception>
    internal static AddressBlock Claim(IReadOnlyCollection<IPEndPoint> needed)
    {
        IPEndPoint? taken = null;
        for (var number = 0; number < Count; number++)
        {
            var address = Move(new IPEndPoint(IPAddress.Parse("127.0.255.254"), ClaimPort), number);
            if (Listen(address) is not { } claim)
            {
                taken ??= address;
                continue;
            }

            var moved = needed.Select(endpoint => Move(endpoint, number));
            if (moved.FirstOrDefault(at => !FreePorts.IsFree(at)) is { } used)
            {
                // That a program stands on one of the samples' addresses says more than that demos run.
                taken = used;
                claim.Dispose();
                continue;
            }

            return new AddressBlock(number, claim);
        }

        throw new CliException(
            ExitCode.Usage,
            $"the demo needs one of the blocks 127.0.0.0/16 to 127.{Count - 1}.0.0/16, "
            + $"and in each something listens already, lastly on {taken}; "
            + "end another demo or the process that listens there (ss -ltnp)");
    }

    /// <summary>An address of block 0, in this block.</summary>
    internal IPEndPoint Move(IPEndPoint endpoint) => Move(endpoint, Number);

    /// <summary>A text in which every address of block 0 is one of this block.</summary>
    internal string Move(string text) => Number == 0
        ? text
        : BlockZero().Replace(text, string.Create(CultureInfo.InvariantCulture, $"127.{Number}."));

    /// <summary>Free loopback ports that no other demo takes.</summary>
    /// <exception cref="CliException">Too few are free.</exception>
    internal IReadOnlyList<int> Ports(int count) =>
        FreePorts.Take(count, FirstPort + (Number * PortsPerBlock), PortsPerBlock);

    public void Dispose() => _claim.Dispose();

    private static IPEndPoint Move(IPEndPoint endpoint, int number)
    {
        var bytes = endpoint.Address.GetAddressBytes();
        if (bytes is [127, 0, _, _])
        {
            bytes[1] = (byte)number;
        }

        return new IPEndPoint(new IPAddress(bytes), endpoint.Port);
    }

    private static Socket? Listen(IPEndPoint address)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(address);
            socket.Listen(1);
            return socket;
        }
        catch (SocketException)
        {
            socket.Dispose();
            return null;
        }
    }

    // Two more numbers must follow, so that 127.0.0.1 itself, where the anchors listen, moves in no manifest either.
    [GeneratedRegex(@"\b127\.0\.(?=\d{1,3}\.\d{1,3}\b)(?!0\.1\b)", RegexOptions.CultureInvariant)]
    private static partial Regex BlockZero();
}
