using Fairlead.Governance.Tests.Seals;
using Fairlead.Naming;
using Xunit;
using Record = Fairlead.Naming.Record;

namespace Fairlead.Governance.Tests.Entries;

/// <summary>
/// V45 where an epoch allows less than the one before: no version may end before the one it replaces, so that a name
/// may be held to the end that it had when the epoch began, and to nothing later.
/// </summary>
public sealed class EntryEndTests
{
    private const long Day = 24L * 3600 * 1000;
    private const long Left = 3 * Day;

    private readonly Record _held;
    private readonly SignedEntry _source;
    private EngineBench _bench;

    public EntryEndTests()
    {
        var maker = new EngineBench();
        _held = maker.Record(version: maker.Now - 10, life: Left);
        _source = maker.Sign(_held);
        _bench = new EngineBench(Began);
    }

    private long End => _held.Expires;

    [Fact]
    public void Update_ToTheEndThatTheNameHad_IsAcceptedAndSealed()
    {
        var update = _bench.Sign(Update(End));
        Assert.Contains(new SealOutput.Accepted(1), _bench.Step(new SealInput.Publish(1, update)));
        Assert.Contains(new SealOutput.Sealed(1, 1, 0), _bench.Seal(0, update));

        // The next one too, and by gossip.
        var next = _bench.Sign(Update(End, _bench.Now + 1));
        _bench.Receive("a2", new SealMessage.Entries(0, [next]));
        Assert.Equal(1, _bench.Engine.Pending);
    }

    [Fact]
    public void Withdrawal_ToTheEndThatTheNameHad_IsAcceptedAndSealed()
    {
        var withdrawal = _bench.Sign(Withdrawal(End));
        Assert.Contains(new SealOutput.Accepted(1), _bench.Step(new SealInput.Publish(1, withdrawal)));
        Assert.Contains(new SealOutput.Sealed(1, 1, 0), _bench.Seal(0, withdrawal));
    }

    /// <summary>"Dropping cannot revive" stands: what the name had is the most, for who publishes, gossips or leads,
    /// behind a failed slot too.</summary>
    [Fact]
    public void Update_BeyondTheEndThatTheNameHad_IsPolicyOutOfRange()
    {
        var beyond = _bench.Sign(Update(End + 1));
        var before = _bench.Sign(Update(End - 1));
        var other = _bench.Sign(_bench.Record("n2.shop.svc", life: Left));
        _bench.Refused(VerificationFailure.PolicyOutOfRange, beyond);
        _bench.Refused(VerificationFailure.RecordRollback, before);
        _bench.Refused(VerificationFailure.PolicyOutOfRange, other);
        _bench.Refused(VerificationFailure.PolicyOutOfRange, _bench.Sign(Withdrawal(End + 1)));
        _bench.Receive("a2", new SealMessage.Entries(0, [beyond, other]));
        Assert.Equal(0, _bench.Engine.Pending);
        foreach (var seq in new[] { 0, 5 })
        {
            _bench.Refused(VerificationFailure.PolicyOutOfRange, _bench.Propose(seq, [beyond]));
            _bench.Refused(VerificationFailure.PolicyOutOfRange, _bench.Propose(seq, [other]));
        }
    }

    /// <summary>The end alone is not what the name had: an older issue makes it a longer life than it had.</summary>
    [Fact]
    public void Update_IssuedBeforeWhatTheNameHad_IsPolicyOutOfRange()
    {
        var earlier = _bench.Sign(Update(End) with { Issued = _held.Issued - 1 });
        _bench.Refused(VerificationFailure.PolicyOutOfRange, earlier);
        _bench.Refused(VerificationFailure.PolicyOutOfRange, _bench.Propose(0, [earlier]));
        var same = _bench.Sign(Update(End) with { Issued = _held.Issued });
        Assert.Contains(new SealOutput.Accepted(1), _bench.Step(new SealInput.Publish(1, same)));
    }

    [Fact]
    public void Update_OfAKeyWhoseCredentialEndsEarlier_MayKeepTheEndThatTheNameHad()
    {
        _bench = new EngineBench(o => Ending(Began(o), _bench.Now + 60_000));
        _bench.Refused(VerificationFailure.PolicyOutOfRange, _bench.Sign(Update(End + 1)));
        _bench.Refused(VerificationFailure.PolicyOutOfRange, _bench.Sign(_bench.Record("n2.shop.svc")));
        Assert.Contains(
            new SealOutput.Accepted(1), _bench.Step(new SealInput.Publish(1, _bench.Sign(Update(End)))));
    }

    /// <summary>Nothing new comes from a key whose time is over, whatever its documents say of when they were made;
    /// what it published it may withdraw.</summary>
    [Fact]
    public void Update_OfAKeyWhoseCredentialIsOver_IsRefused_AndAWithdrawalIsNot()
    {
        _bench = new EngineBench(o => Ending(Began(o), _bench.Now));
        _bench.Refused(VerificationFailure.PolicyOutOfRange, _bench.Sign(Update(End)));
        _bench.Refused(
            VerificationFailure.PolicyOutOfRange, _bench.Sign(Update(End) with { Issued = _bench.Now - 1 }));
        var withdrawal = _bench.Sign(Withdrawal(End));
        Assert.Contains(new SealOutput.Accepted(1), _bench.Step(new SealInput.Publish(1, withdrawal)));
        Assert.Contains(new SealOutput.Sealed(1, 1, 0), _bench.Seal(0, withdrawal));
    }

    /// <summary>What was signed binds over a restart, by whatever rule it was admitted.</summary>
    [Fact]
    public void Update_ThatWasSigned_BindsAfterARestart()
    {
        var outputs = _bench.Receive("a0", _bench.Propose(0, [_bench.Sign(Update(End))]));
        var journal = Assert.Single(outputs.OfType<SealOutput.Journal>()).Body;
        var restarted = new EngineBench(o => Began(o) with { Journal = [journal] });
        restarted.Refused(VerificationFailure.NotDominating, restarted.Propose(1, []));
    }

    private SealEngineOptions Began(SealEngineOptions options) => options with { HandoverEntries = [_source] };

    private static SealEngineOptions Ending(SealEngineOptions options, long end) => options with
    {
        OperationLeaves =
        [
            .. options.OperationLeaves.Select(leaf => leaf.Document is Credential credential
                ? ParsedLeaf.Of(Document.Make(credential with { Expires = end }))
                : leaf),
        ],
    };

    private Record Update(long expires, long? version = null) =>
        _bench.Record(version: version ?? _bench.Now) with { Expires = expires, Uid = _held.Uid };

    private Withdraw Withdrawal(long expires) => new()
    {
        Class = (long)LeafClass.Record,
        Expires = expires,
        Issued = _bench.Now,
        Name = _held.Name.Text,
        Opening = _bench.Opening(),
        Publisher = _held.Publisher,
        Uid = _held.Uid,
        Version = _bench.Now,
    };
}
