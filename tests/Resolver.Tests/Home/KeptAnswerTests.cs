using Fairlead.Identities;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.TestKit;
using Fairlead.TestKit.Answers;

namespace Fairlead.Resolver.Tests.Home;

/// <summary>
/// Verified answers outlive the process: a restart serves at once what is still good, with no anchor at all, and
/// nothing that is not. Anchors on real sockets, files on a real disk.
/// </summary>
public sealed class KeptAnswerTests : IAsyncLifetime
{
    private const string Web = ScriptedHome.Web;
    private const string Cart = ScriptedHome.Cart;
    private const long Hour = 3_600_000;

    private static readonly TimeSpan Hedged = TimeSpan.FromMilliseconds(200);

    private ScriptedHome _home = null!;

    public async ValueTask InitializeAsync() => _home = await ScriptedHome.StartAsync(
        TestContext.Current.CancellationToken, continuity: Hour, validity: 300_000);

    public ValueTask DisposeAsync() => _home.DisposeAsync();

    [Fact]
    public async Task Restart_WithAllAnchorsGone_ServesWhatIsStillGoodAtOnce()
    {
        await RunOnceAsync(Web, Cart);
        await StopAnchorsAsync();
        _home.StartResolver(keepsState: true);
        _home.Resolver.Want(Web);
        var held = await _home.UntilFreshAsync(Web);
        Assert.Equal(2, held.Answer!.Slices[0].Endpoints.Length);
        Assert.NotEqual(0, held.SealedSince);
        Assert.True(_home.Resolver.HomeMet.IsCompletedSuccessfully);
        Assert.DoesNotContain(NameState.Unreachable, _home.StatesOf(Web));
    }

    /// <summary>Thousands take long to verify: what is asked for meanwhile is not behind all of them.</summary>
    [Fact]
    public async Task Restart_WithManyKept_ServesFirstWhatIsAskedForMeanwhile()
    {
        string[] names = [.. Enumerable.Range(0, 70).Select(i => $"n{i}.shop.svc.eu1.internal")];
        foreach (var service in names.Select(name => FullName.Parse(name).Service!.Text))
        {
            _home.Segment.Put(AnswerLeaves.RecordOf(
                service, ScriptedHome.Now - 40_000, _home.Segment.Publisher,
                AnswerLeaves.SliceOf(service, "eu", "10.0.0.1", "10.0.0.2")));
        }

        _home.Reseal();
        foreach (var anchor in _home.Anchors)
        {
            anchor.Say = ask => ask.Record(AnswerLeaves.SliceOf(ask.Service.Text, "eu", "10.0.0.1", "10.0.0.2"));
        }

        await RunOnceAsync([Web, .. names]);
        await StopAnchorsAsync();
        using var go = new ManualResetEventSlim();
        var fresh = new List<string>();
        _home.OnChanged = changed =>
        {
            // All of them are wanted before the first is looked at.
            go.Wait(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
            if (changed.State == NameState.Fresh && !fresh.Contains(changed.Name))
            {
                fresh.Add(changed.Name);
                if (fresh.Count == 1)
                {
                    _home.Resolver.Want(Web);
                }
            }
        };
        _home.StartResolver(keepsState: true);
        foreach (var name in names)
        {
            _home.Resolver.Want(name);
        }

        go.Set();
        foreach (var name in names)
        {
            await _home.UntilFreshAsync(name);
        }

        await _home.UntilFreshAsync(Web);
        await _home.StopResolverAsync();
        Assert.Equal(names.Length + 1, fresh.Count);
        Assert.InRange(fresh.IndexOf(Web), 1, 33);
    }

    /// <summary>A name that several segments serve is two answers: the home's Set, and the member's.</summary>
    [Fact]
    public async Task Restart_WithASetKept_ServesItAndItsMemberWithAllAnchorsGone()
    {
        const string shared = "web.shop.svc.clusterset.local";
        var service = FullName.Parse(Web).Service!.Text;
        _home.Segment.Put(AnswerLeaves.SetOf(
            service, ScriptedHome.Now - 40_000, _home.Segment.Publisher,
            AnswerLeaves.MemberOf(_home.Segment, service, priority: 0, weight: 3)));
        _home.Reseal();
        foreach (var anchor in _home.Anchors)
        {
            anchor.Say = ask => ask.Query.Value.Name.Segment is null ? ask.Set() : ScriptedHome.Honest(ask);
        }

        await RunOnceAsync(shared, Web);
        await StopAnchorsAsync();
        _home.StartResolver(keepsState: true);
        _home.Resolver.Want(shared);
        _home.Resolver.Want(Web);
        var held = await _home.UntilFreshAsync(shared);
        Assert.Equal((Outcome.Set, Web), (held.Answer!.Outcome, held.Answer.Set!.Members[0].Name.Text));
        Assert.NotNull((await _home.UntilFreshAsync(Web)).Answer!.Record);
        Assert.DoesNotContain(NameState.Unreachable, _home.StatesOf(shared));
    }

    /// <summary>I22: a newer epoch does to what was kept what it does to what is held.</summary>
    [Theory]
    [InlineData(OpType.Renew)]
    [InlineData(OpType.Policy)]
    public async Task Restart_WithAnEpochThatIsNewer_TakesANewProofWhereThatChangedSomething(string operation)
    {
        await RunOnceAsync(Web, Cart);

        // Cart's renewal teaches the epoch; web's answer is from before it.
        _home.Segment.Next(ScriptedHome.Now - 1_000, epoch => epoch with
        {
            Op = new EpochOp { Type = operation },
            Policy = operation == OpType.Renew ? epoch.Policy : epoch.Policy with { MaxTtl = 299_000 },
        });
        _home.Reseal();
        File.Delete(FileOf(Cart));
        await RunOnceAsync(Cart);
        await StopAnchorsAsync();
        _home.StartResolver(keepsState: true);
        _home.Resolver.Want(Web);
        if (operation == OpType.Renew)
        {
            await _home.UntilFreshAsync(Web);
            Assert.DoesNotContain(VerificationFailure.EpochSuperseded, _home.Failures());
        }
        else
        {
            await _home.UntilTroubleAsync(VerificationFailure.EpochSuperseded);
            Assert.DoesNotContain(NameState.Fresh, _home.StatesOf(Web));
        }
    }

    /// <summary>The clock is here: what was kept is judged when that is right, be an anchor there or not.</summary>
    [Theory]
    [InlineData(VerificationFailure.ClockRollback)]
    [InlineData(VerificationFailure.FromFuture)]
    public async Task Restart_WithAClockThatIsBehind_ServesWhatWasKeptOnceItIsRight(VerificationFailure why)
    {
        await RunOnceAsync(Web);
        await StopAnchorsAsync();
        var (wrong, right) = (-60_000L, 0L);
        if (why == VerificationFailure.FromFuture)
        {
            // The clock is above the newest seal, and below the moment of the verification.
            var kept = State.KeptAnswers.Read(FileOf(Web), Web);
            State.KeptAnswers.Write(FileOf(Web), kept with { VerifiedAt = ScriptedHome.Now + 60_000 });
            (wrong, right) = (0, 60_000);
        }

        var clock = new OffClock { Off = wrong };
        _home.StartResolver(keepsState: true, time: clock);
        _home.Resolver.Want(Web);
        await _home.UntilTroubleAsync(why);
        await _home.UntilAsync(Web, held => held.State == NameState.Unreachable);
        Assert.True(File.Exists(FileOf(Web)));
        clock.Off = right;
        await _home.UntilFreshAsync(Web);
    }

    [Fact]
    public async Task Answer_ThatTheDiskDidNotTake_TakesNothingFromWhatWasKept()
    {
        _home.StartResolver(keepsState: true);
        _home.Resolver.Want(Web);
        await _home.UntilFreshAsync(Web);

        // A new epoch is written with the whole file, which goes by way of this name.
        Directory.CreateDirectory(_home.StateFile + ".tmp");
        _home.Segment.Next(ScriptedHome.Now - 1_000, epoch => epoch with { Op = new EpochOp { Type = OpType.Renew } });
        _home.Reseal();
        _home.Anchors[0].Push(Web);
        await _home.UntilTroubleAsync(VerificationFailure.StateNotDurable);
        await _home.StopResolverAsync();
        Assert.True(File.Exists(FileOf(Web)));
    }

    [Theory]
    [InlineData("torn")]
    [InlineData("flipped")]
    [InlineData("empty")]
    [InlineData("other")]
    [InlineData("past")]
    [InlineData("future")]
    public async Task Restart_WithADamagedOrHostileFile_NamesItAndLosesNothingElse(string how)
    {
        await RunOnceAsync(Web, Cart);
        Damage(FileOf(Web), how);
        await StopAnchorsAsync();
        _home.StartResolver(keepsState: true);
        _home.Resolver.Want(Web);
        _home.Resolver.Want(Cart);
        await _home.UntilFreshAsync(Cart);
        var trouble = await _home.UntilAsync(
            () => _home.Resolver.Troubles.Newest.FirstOrDefault(
                one => one.Name == Web && one.Refusal.Where.StartsWith("kept answer", StringComparison.Ordinal)),
            "the trouble");
        Assert.Equal(
            how is "past" or "future" ? VerificationFailure.FromFuture : VerificationFailure.BadEnvelope,
            trouble.Refusal.Failure);
        Assert.DoesNotContain(NameState.Fresh, _home.StatesOf(Web));
        Assert.DoesNotContain(NameState.Stale, _home.StatesOf(Web));
        if (trouble.Refusal.Failure == VerificationFailure.BadEnvelope)
        {
            Assert.StartsWith($"StateCorrupt: {FileOf(Web)}", trouble.Refusal.Detail, StringComparison.Ordinal);
            Assert.Equal(2, trouble.Refusal.Detail.Split("StateCorrupt").Length);
            Assert.True(File.Exists(FileOf(Web) + ".corrupt"));
        }
    }

    [Fact]
    public async Task Answer_ThatWasRefusedEverywhere_DoesNotComeBackAfterARestart()
    {
        _home.StartResolver(keepsState: true);
        _home.Resolver.Want(Web);
        await _home.UntilFreshAsync(Web);
        await _home.UntilAsync(() => File.Exists(FileOf(Web)) ? this : null, "what is kept");
        foreach (var anchor in _home.Anchors)
        {
            anchor.Failing = name => name == Web ? VerificationFailure.SubjectUnknown : null;
        }

        _home.Anchors[0].Push(Web);
        await _home.UntilTroubleAsync(VerificationFailure.SubjectUnknown);
        await _home.UntilAsync(() => File.Exists(FileOf(Web)) ? null : this, "the end of what was kept");
        await _home.StopResolverAsync();
        Assert.False(File.Exists(FileOf(Web)));
    }

    /// <summary>Its word alone takes nothing: others are asked first.</summary>
    [Fact]
    public async Task Answer_ThatOneAnchorRefuses_IsKeptUntilTheOthersWereAsked()
    {
        // The patience with those that are silent never ends.
        _home.StartResolver(keepsState: true, time: new OffClock { Still = 1_000_000 });
        _home.Resolver.Want(Web);
        await _home.UntilFreshAsync(Web);
        await _home.UntilAsync(() => File.Exists(FileOf(Web)) ? this : null, "what is kept");
        _home.Anchors[0].Failing = name => name == Web ? VerificationFailure.SubjectUnknown : null;
        foreach (var other in _home.Anchors.Skip(1))
        {
            other.Say = static _ => null;
        }

        _home.Anchors[0].Push(Web);
        await _home.UntilTroubleAsync(VerificationFailure.SubjectUnknown);
        await _home.UntilAsync(() => _home.Anchors[1].Open == 1 ? this : null, "the question to the next");
        await _home.StopResolverAsync();
        Assert.True(File.Exists(FileOf(Web)));
    }

    /// <summary>A word that is not known here may be that of an anchor that is newer: it says nothing of the
    /// name.</summary>
    [Fact]
    public async Task Failure_ThatNobodyHereKnows_RefusesNothing()
    {
        foreach (var anchor in _home.Anchors)
        {
            anchor.Failing = static _ => VerificationFailure.ProofMismatch;
            anchor.Word = static _ => "SomethingNewer";
        }

        _home.StartResolver(keepsState: true);
        _home.Resolver.Want(Web);
        var held = await _home.UntilAsync(Web, held => held.State == NameState.Unreachable);
        Assert.Null(held.Refused);
        await _home.UntilTroubleAsync(VerificationFailure.BadEnvelope);
    }

    [Fact]
    public async Task Name_ThatIsForgotten_LeavesNoFile()
    {
        _home.StartResolver(keepsState: true);
        _home.Resolver.Want(Web);
        await _home.UntilFreshAsync(Web);
        _home.Resolver.Forget(Web);
        await _home.UntilAsync(() => _home.Forgotten.Contains(Web) ? this : null, "forgotten");
        await _home.StopResolverAsync();
        Assert.False(File.Exists(FileOf(Web)));
    }

    [Fact]
    public async Task Silence_OfTheFirstAnchor_IsHedgedOverAnotherOne()
    {
        var clock = await HedgeAsync();
        await _home.UntilFreshAsync(Web);

        // On a machine that is slow with the one, others are asked too.
        Assert.InRange(_home.Anchors.Skip(1).Sum(anchor => anchor.Resolved), 1, 3);
        Assert.DoesNotContain(NameState.Unreachable, _home.StatesOf(Web));
        clock.Still += (long)ScriptedHome.Patience.TotalMilliseconds;
        await _home.UntilAsync(() => _home.Anchors[1].Open == 1 ? this : null, "the subscription elsewhere");
        Assert.Equal(NameState.Fresh, Assert.Single(_home.Resolver.Names).State);
    }

    /// <summary>Who waits does not wait for the patience with the silent one where the others only have nothing yet:
    /// they are asked again.</summary>
    [Fact]
    public async Task Silence_OfTheFirstAnchor_IsHedgedAgainWhereTheOthersHaveNothingYet()
    {
        foreach (var other in _home.Anchors.Skip(1))
        {
            other.Say = ask => other.Resolved < 2 ? null : ScriptedHome.Honest(ask);
        }

        // Its patience never ends, so that nothing else can help.
        await HedgeAsync();
        await _home.UntilFreshAsync(Web);
        Assert.Equal(_home.Anchors[0].Endpoint.Text, _home.Resolver.AnchorOf(Web));
    }

    [Fact]
    public async Task Silence_OfTheFirstAnchor_IsHedgedWithThePodsProof()
    {
        await HedgeAsync(new Shown(new ConsumerProof(null, "a.b.c")));
        await _home.UntilFreshAsync(Web);
        var shown = _home.Anchors.SelectMany(anchor => anchor.Shown).ToList();
        Assert.True(shown.Count > 1);
        Assert.All(shown, value => Assert.Equal("Bearer a.b.c", value));
    }

    /// <summary>Who is asked beside the silent one has the same patience, by the clock of the resolver.</summary>
    [Fact]
    public async Task Silence_OfTheFirstAnchor_IsHedgedOverOthersThatAreSlow()
    {
        var clock = new ManualTimeProvider(TimeProvider.System.GetUtcNow());
        using var go = new ManualResetEventSlim();
        _home.Anchors[0].Say = static _ => null;
        foreach (var other in _home.Anchors.Skip(1))
        {
            other.Say = ask =>
            {
                go.Wait(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
                return ScriptedHome.Honest(ask);
            };
        }

        _home.StartResolver(time: clock, isHurried: true);
        _home.Resolver.Want(Web);
        for (var asked = 1; asked < 4; asked++)
        {
            await _home.UntilAsync(() => clock.IsArmed(Hedged) ? this : null, "the silence");
            clock.Advance(Hedged);
            await _home.UntilAsync(() => _home.Anchors[asked].Resolved == 1 ? this : null, "another one asked");
        }

        // Less than a call may take, and more than nobody said.
        clock.Advance(TimeSpan.FromSeconds(10));
        go.Set();
        await _home.UntilFreshAsync(Web);
        Assert.All(_home.Anchors.Skip(1), anchor => Assert.Equal(1, anchor.Resolved));
    }

    [Fact]
    public async Task Folder_ThatIsNotThereYet_IsNoTrouble()
    {
        _home.StartResolver(keepsState: true);
        _home.Resolver.Want(Web);
        await _home.UntilFreshAsync(Web);
        Assert.Empty(_home.Resolver.Troubles.Newest.Where(trouble => trouble.Anchor.Length == 0));
    }

    // The first anchor has the question and says nothing; only by the clock are the others asked.
    private async Task<OffClock> HedgeAsync(IConsumerProof? proof = null)
    {
        _home.Anchors[0].Say = static _ => null;
        var clock = new OffClock { Still = 1_000_000 };
        _home.StartResolver(time: clock, isHurried: true, proof: proof);
        _home.Resolver.Want(Web);
        await _home.UntilAsync(() => _home.Anchors[0].Open == 1 ? this : null, "the first anchor's silence");
        clock.Still += (long)Hedged.TotalMilliseconds;
        return clock;
    }

    private sealed record Shown(ConsumerProof Current) : IConsumerProof;

    private async Task RunOnceAsync(params string[] names)
    {
        _home.StartResolver(keepsState: true);
        foreach (var name in names)
        {
            _home.Resolver.Want(name);
            await _home.UntilFreshAsync(name);
        }

        await _home.StopResolverAsync();
        Assert.All(names, name => Assert.True(File.Exists(FileOf(name)), name));
        _home.ForgetChanges();
    }

    private Task StopAnchorsAsync() => Task.WhenAll(_home.Anchors.Select(anchor => anchor.StopAsync()));

    private string FileOf(string name) => Path.Combine(
        _home.AnswerFolder,
        $"{Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(
            System.Text.Encoding.UTF8.GetBytes(name)))}.answer");

    private void Damage(string path, string how)
    {
        var bytes = File.ReadAllBytes(path);
        switch (how)
        {
            case "torn":
                File.WriteAllBytes(path, bytes[..(bytes.Length / 2)]);
                break;
            case "flipped":
                bytes[40] ^= 1;
                File.WriteAllBytes(path, bytes);
                break;
            case "empty":
                File.WriteAllBytes(path, []);
                break;
            case "other":
                File.Copy(FileOf(Cart), path, overwrite: true);
                break;
            default:
                // A good check over a moment that was moved: before its own documents were made, or ahead of now.
                var kept = State.KeptAnswers.Read(path, Web);
                State.KeptAnswers.Write(
                    path, kept with { VerifiedAt = kept.VerifiedAt + (how == "past" ? -Hour : Hour) });
                break;
        }
    }
}
