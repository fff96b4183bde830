using System.Security.Cryptography;
using System.Text;
using Fairlead.Governance;
using Fairlead.Naming;

namespace Fairlead.Simulator;

/// <summary>
/// Makes records and withdrawals of a few names, each version above the last. Sometimes it is wrong: two contents of
/// one version, another uid, an earlier expiry.
/// </summary>
internal sealed class Publisher(World world, VirtualTime time, Random random, Checker checker)
{
    private const int Names = 6;

    private readonly long[] _versions = new long[Names];
    private readonly long[] _expiries = new long[Names];
    private long _made;

    /// <summary>The next documents for one name: one, or two that contradict each other.</summary>
    internal IReadOnlyList<IssuedEntry> Next()
    {
        var name = random.Next(Names);
        _versions[name] = Math.Max(_versions[name] + 1, time.Now);

        // Lives are short enough that some entries expire within a run, and never shrink.
        var life = random.Next(4) == 0 ? WorldDocuments.RecordLife : 10 * WorldDocuments.RecordLife;
        _expiries[name] = random.Next(15) == 0 ? time.Now + life : Math.Max(_expiries[name], time.Now + life);
        if (random.Next(6) == 0)
        {
            return [Withdrawal(name)];
        }

        return random.Next(4) == 0 ? [Record(name), Record(name)] : [Record(name)];
    }

    /// <summary>A third of the names belong to a publisher whose Credential comes and goes.</summary>
    private ISigner Signer(int name) => name % 3 == 2 ? world.SecondPublisher : world.Publisher;

    private static string Text(int name) => $"n{name}.shop.svc";

    private static Hex16 Uid(int name) => Hex16.FromBytes(SHA256.HashData([(byte)name]).AsSpan(0, 16));

    private Hex16 Opening() =>
        Hex16.FromBytes(SHA256.HashData(Encoding.ASCII.GetBytes($"{world.Options.Seed} {_made++}")).AsSpan(0, 16));

    private IssuedEntry Record(int name)
    {
        var record = Document.Make(new Record
        {
            Expires = _expiries[name],
            Issued = time.Now,
            Kind = RecordKind.Service,
            Name = ServicePart.Parse(Text(name)),
            Ports = [new Port { Number = 80, Protocol = PortProtocol.Http }],
            Opening = Opening(),
            Publisher = Signer(name).Key.Kid,
            TtlMax = 60_000,
            Uid = random.Next(4) == 0 ? Opening() : Uid(name),
            Version = _versions[name],
        });
        return Issue("record", Envelope.Sign(record, Signer(name)), record.Digest, name, 0);
    }

    private IssuedEntry Withdrawal(int name)
    {
        var withdraw = Document.Make(new Withdraw
        {
            Class = (long)LeafClass.Record,
            Expires = _expiries[name],
            Issued = time.Now,
            Name = Text(name),
            Opening = Opening(),
            Publisher = Signer(name).Key.Kid,
            Uid = Uid(name),
            Version = _versions[name],
        });
        return Issue("withdraw", Envelope.Sign(withdraw, Signer(name)), withdraw.Digest, name, 1);
    }

    private IssuedEntry Issue(string type, Envelope document, Digest digest, int name, int rank)
    {
        var entry = new IssuedEntry(
            new SignedEntry(type, document, []),
            new EntryName(LeafClass.Record, Text(name)),
            _versions[name],
            rank,
            digest,
            _expiries[name],
            Signer(name).Key.Kid);
        checker.Issue(entry);
        return entry;
    }
}
