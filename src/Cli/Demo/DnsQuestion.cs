using System.Buffers.Binary;
using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;

namespace Fairlead.Cli.Demo;

/// <summary>What a DNS server said to a question for addresses. Immutable.</summary>
/// <param name="Status">The response code as dig writes it: <c>NOERROR</c>, <c>NXDOMAIN</c> ...</param>
/// <param name="Addresses">The IPv4 addresses of the answer.</param>
/// <param name="Client">Who asked: <c>dig</c>, or the demo's own client.</param>
internal sealed record DnsSaid(string Status, IReadOnlyList<IPAddress> Addresses, string Client);

/// <summary>
/// Asks a DNS server for the IPv4 addresses of a name: by dig, a stranger to this project, or by a few lines here where
/// there is none. Stateless.
/// </summary>
internal static partial class DnsQuestion
{
    private const int HeaderLength = 12;
    private const int TypeA = 1;
    private const int ClassIn = 1;
    private const ushort Id = 0x4641;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly string[] Codes =
        ["NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"];

    /// <summary>Asks once.</summary>
    /// <exception cref="CheckFailedException">Nothing came, or nothing that can be read.</exception>
    internal static async Task<DnsSaid> AskAsync(
        Spawner spawner, IPEndPoint server, string name, CancellationToken cancellationToken)
    {
        try
        {
            var dig = new ProcessStartInfo(
                "dig",
                [
                    $"@{server.Address}", "-p", server.Port.ToString(CultureInfo.InvariantCulture), "+tries=1",
                    "+timeout=20", "+noall", "+comments", "+answer", name, "A",
                ]);
            return Read(await CliRun.RunAsync(spawner, dig, cancellationToken).ConfigureAwait(false));
        }
        catch (Win32Exception)
        {
            return await AskByItselfAsync(server, name, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>The same without dig.</summary>
    internal static async Task<DnsSaid> AskByItselfAsync(
        IPEndPoint server, string name, CancellationToken cancellationToken)
    {
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bounded.CancelAfter(Patience);
        using var socket = new Socket(server.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        var buffer = new byte[512];
        try
        {
            await socket.ConnectAsync(server, bounded.Token).ConfigureAwait(false);
            await socket.SendAsync(Query(name), bounded.Token).ConfigureAwait(false);
            var length = await socket.ReceiveAsync(buffer, bounded.Token).ConfigureAwait(false);
            return Read(buffer.AsSpan(0, length));
        }
        catch (Exception e) when (e is SocketException or ArgumentException
            || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw new CheckFailedException($"no DNS answer for {name} from {server}: {e.Message}");
        }
    }

    private static DnsSaid Read(CliRun dig)
    {
        var status = StatusLine().Match(dig.Output);
        Check.That(status.Success, $"dig got no answer: {dig.Output}{dig.Error}");
        return new DnsSaid(
            status.Groups["status"].Value,
            [.. AddressLine().Matches(dig.Output).Select(line => IPAddress.Parse(line.Groups["address"].Value))],
            "dig");
    }

    private static byte[] Query(string name)
    {
        var query = new List<byte> { Id >> 8, Id & 0xFF, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0 };
        foreach (var label in name.Split('.'))
        {
            query.Add((byte)label.Length);
            query.AddRange(Encoding.ASCII.GetBytes(label));
        }

        return [.. query, 0, 0, TypeA, 0, ClassIn];
    }

    // A span that ends too early throws ArgumentException, as a message that is no answer does here.
    private static DnsSaid Read(ReadOnlySpan<byte> message)
    {
        if (message.Length < HeaderLength || Word(message, 0) != Id || message[2] < 0x80)
        {
            throw new ArgumentException("it is no answer to what was asked");
        }

        var at = HeaderLength;
        for (var i = Word(message, 4); i > 0; i--)
        {
            at = EndOfName(message, at) + 4;
        }

        var addresses = new List<IPAddress>();
        for (var i = Word(message, 6); i > 0; i--)
        {
            at = EndOfName(message, at);
            var length = Word(message, at + 8);
            if (Word(message, at) == TypeA && length == 4)
            {
                addresses.Add(new IPAddress(message.Slice(at + 10, length)));
            }

            at += 10 + length;
        }

        var code = message[3] & 0xF;
        return new DnsSaid(
            code < Codes.Length ? Codes[code] : code.ToString(CultureInfo.InvariantCulture),
            addresses,
            "a client of ours");
    }

    private static int EndOfName(ReadOnlySpan<byte> message, int at)
    {
        while (message.Slice(at, 1)[0] is not 0 and var length)
        {
            if (length >= 0xC0)
            {
                return at + 2; // a pointer ends the name
            }

            at += 1 + length;
        }

        return at + 1;
    }

    private static int Word(ReadOnlySpan<byte> message, int at) =>
        BinaryPrimitives.ReadUInt16BigEndian(message.Slice(at, 2));

    [GeneratedRegex(@"status: (?<status>[A-Z0-9]+),")]
    private static partial Regex StatusLine();

    [GeneratedRegex(@"^\S+\s+\d+\s+IN\s+A\s+(?<address>[\d.]+)$", RegexOptions.Multiline)]
    private static partial Regex AddressLine();
}
