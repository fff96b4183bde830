using System.Net;
using Fairlead.Naming;
using Fairlead.Naming.Operations;

namespace Fairlead.Simulator;

/// <summary>
/// Makes operations for whatever ground an anchor stands on: policies, rules, Credentials taken and given back,
/// children and peers. Some are wrong, some exclude each other.
/// </summary>
internal sealed class Operator(World world, Random random)
{
    private int _made;

    internal Func<EpochGround, long, EpochProposal?> Next()
    {
        var (kind, number) = (random.Next(6), _made++);
        return (ground, now) => Build(kind, number, ground, now);
    }

    private static Digest Stranger(int number) => Digest.Sha256(BitConverter.GetBytes(number));

    private static Floor FloorOf(int number) => new(Digest.Sha256(BitConverter.GetBytes(-number - 1)), 3);

    private EpochProposal? Build(int kind, int number, EpochGround ground, long now)
    {
        var openings = () => Hex16.FromBytes(Digest.Sha256(BitConverter.GetBytes((number * 1000)
            + 1)).ToArray().AsSpan(0, 16));
        var endpoint = IpEndpoint.Of(IPAddress.Parse("10.0.0.1"), 1000 + number);
        switch (kind)
        {
            case 0:
                var policy = ground.Epoch.Value.Policy with { MaxTtl = 100_000 + number };
                return PolicyOperation.Build(ground, new PolicyRequest { Policy = policy }, now, openings, out _);
            case 1:
                return PolicyOperation.Build(
                    ground, new PolicyRequest { Rules = [Rule(number)] }, now, openings, out _);
            case 2:
                return Credential(ground, now, openings);
            case 3:
                return PeerOperation.Build(
                    ground,
                    new PeerRequest(
                        SegmentName.Parse($"p{number}.other"), Stranger(number), FloorOf(number), [endpoint]),
                    now,
                    openings,
                    out _);
            case 4:
                return JoinOperation.BuildParent(
                    ground,
                    [new JoiningChild($"c{number}", Stranger(number), FloorOf(number), [endpoint], null)],
                    now,
                    openings,
                    out _);
            default:
                return RenewOperation.Build(ground, new Dictionary<Digest, ForeignSegment>(), now, openings);
        }
    }

    private static Rule Rule(int number) => new()
    {
        Effect = number % 2 == 0 ? RuleEffect.Allow : RuleEffect.Deny,
        Id = $"r{number % 3}",
        Made = 0,
        Names = [NamePattern.Parse("*.svc")],
        Opening = default,
        Subjects = [new RuleSubject { Segment = "*" }],
    };

    /// <summary>Takes the second publisher's Credential, or gives it back.</summary>
    private EpochProposal? Credential(EpochGround ground, long now, Func<Hex16> openings)
    {
        var key = world.SecondPublisher.Key;
        var request = Disk.Publishers(ground).Contains(key.Kid)
            ? new CredentialRequest { Revoke = [key.Kid] }
            : new CredentialRequest { Issue = [WorldDocuments.Credential(key)] };
        return CredentialOperation.Build(ground, request, now, openings, out _);
    }
}
