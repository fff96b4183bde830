using System.Collections.Immutable;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Naming.Tree;

namespace Fairlead.TestKit.Answers;

/// <summary>
/// Builds answers along a path of test segments, as honest anchors give them. Hooks change a document before it is
/// signed; what is not signed is changed in the finished answer by `with`.
/// </summary>
public sealed class TestAnswers
{
    private readonly List<(AnswerSegment Segment, HopKind Kind)> _path = [];

    public TestAnswers(AnswerSegment home, string name, long now)
    {
        Home = home;
        Now = now;
        Query = Document.Make(new Query { Home = home.Genesis, Name = FullName.Parse(name), Subject = Subject });
        _path.Add((home, HopKind.Home));
    }

    public AnswerSegment Home { get; }

    public long Now { get; }

    public Parsed<Query> Query { get; set; }

    public static Digest Subject { get; } = Digest.Sha256("shop frontend"u8);

    /// <summary>Changes the Attest of a hop before it is signed.</summary>
    public Func<int, Attest, Attest> ChangeAttest { get; set; } = static (_, attest) => attest;

    /// <summary>Who signs the Attests of a hop.</summary>
    public Func<int, IEnumerable<ISigner>>? Attesters { get; set; }

    /// <summary>Proofs to leave out: (hop, class, name).</summary>
    public HashSet<(int Hop, LeafClass Class, string Name)> Withheld { get; } = [];

    /// <summary>Further proofs: (hop, class, name).</summary>
    public List<(int Hop, LeafClass Class, string Name)> Extra { get; } = [];

    /// <summary>Epochs that go with each hop: by default all.</summary>
    public Func<int, AnswerSegment, IEnumerable<EpochDocument>> Epochs { get; set; } = static (_, segment) =>
        segment.Documents;

    public List<Slice> Slices { get; } = [];

    public ServicePart Service => Query.Value.Name.Service!;

    public SegmentName? Target => Query.Value.Name.Segment;

    public VerifierState State => VerifierState.Start(new HomePin(Home.Genesis, Home.Name));

    public TestAnswers Via(AnswerSegment segment, HopKind kind)
    {
        _path.Add((segment, kind));
        return this;
    }

    public UnverifiedAnswer Record(params Slice[] slices) => Build(AnswerResult.Record, slices);

    public UnverifiedAnswer Negative(params Slice[] slices) => Build(AnswerResult.Negative, slices);

    public UnverifiedAnswer Set(params Slice[] slices) => Build(AnswerResult.Set, slices);

    public UnverifiedAnswer Denied() => Build(AnswerResult.Denied, []);

    private UnverifiedAnswer Build(AnswerResult result, Slice[] slices)
    {
        var hops = ImmutableArray.CreateBuilder<UnverifiedHop>();
        var name = Home.Name;
        for (var i = 0; i < _path.Count; i++)
        {
            name = NameOf(i, name);
            hops.Add(Hop(i, name, result));
        }

        return new UnverifiedAnswer(
            Query.Payload,
            hops.ToImmutable(),
            result,
            [.. slices.Select(slice => (ReadOnlyMemory<byte>)slice.Encode())]);
    }

    private SegmentName NameOf(int i, SegmentName before) => _path[i].Kind switch
    {
        HopKind.Home => Home.Name,
        HopKind.Down when before == Target => before,
        _ => _path[i].Segment.Name,
    };

    private UnverifiedHop Hop(int i, SegmentName name, AnswerResult result)
    {
        var (segment, kind) = _path[i];
        var denied = result == AnswerResult.Denied && i == _path.Count - 1;
        var nodes = new ProofNodes();
        var wanted = denied ? [] : AnswerProofs.Wanted(this, _path, i, name, result);
        wanted.UnionWith(Extra.Where(extra => extra.Hop == i).Select(extra => new LeafName(extra.Class, extra.Name)));
        wanted.RemoveWhere(leaf => Withheld.Contains((i, leaf.Class, leaf.Name)));
        var proofs = wanted.Select(leaf => segment.Prove(leaf.Class, leaf.Name, nodes)).ToImmutableArray();
        return new UnverifiedHop(
            segment.Genesis,
            kind,
            [.. Epochs(i, segment)],
            denied ? null : segment.SealEnvelope,
            [.. nodes.Nodes],
            proofs,
            Attests(i, name, denied));
    }

    private ImmutableArray<Envelope> Attests(int i, SegmentName name, bool denied)
    {
        var segment = _path[i].Segment;
        var role = name == Target ? AttestRole.Target : i == 0 ? AttestRole.Home : AttestRole.Transit;
        var attest = ChangeAttest(i, new Attest
        {
            Decision = denied ? RuleEffect.Deny : RuleEffect.Allow,
            Epoch = segment.Newest.Value.Number,
            Expires = Now + (denied ? 10_000 : segment.Policy.AttestTarget),
            Home = Home.Genesis,
            Issued = Now,
            Next = i + 1 < _path.Count ? _path[i + 1].Segment.Genesis : null,
            Policy = Hashes.Policy(segment.Policy),
            Renew = Now + 1000,
            Role = role,
            Scope = NamePattern.Parse(role == AttestRole.Target ? Service.WithoutHost.Text : Target?.Text ?? "*"),
            Segment = segment.Genesis,
            Subject = role == AttestRole.Transit ? null : Query.Value.Subject,
        });
        var document = Document.Make(attest);
        var signers = Attesters?.Invoke(i) ?? [segment.Anchors[0].Seal];
        return [.. signers.OrderBy(signer => signer.Key.Kid).Select(signer => Envelope.Sign(document, signer))];
    }
}
