using Fairlead.Naming;
using Fairlead.TestKit;
using Xunit;

namespace Fairlead.Governance.Tests.Seals;

/// <summary>Crash, restart and catching up: what was signed binds, and a key whose journal is wrong is dead.</summary>
public sealed class RecoveryTests
{
    [Fact]
    public void Restart_WithJournal_SignsNothingTwiceAndKeepsWhatItSigned()
    {
        var (bench, journal) = Signed(7);
        var again = new EngineBench(o => o with { Journal = [journal] });
        Assert.Equal((7, 1), (again.Engine.LastSigned, again.Engine.Pending));
        again.Refused(VerificationFailure.SeqUsed, again.Propose(7, []));
        var refuse = again.Refused(VerificationFailure.NotDominating, again.Propose(8, []));
        Assert.Single(refuse.Missing);
        Assert.False(bench.Engine.IsHalted);
    }

    [Fact]
    [MaliciousInput(80, "second signature in a journaled slot: JournalConflict")]
    public void Restart_JournalWithASlotTwice_IsJournalConflict()
    {
        var (_, first) = Signed(7);
        var (_, second) = Signed(7);
        var bench = new EngineBench(o => o with { Journal = [first, second] }, isReady: false);
        Halts(bench, VerificationFailure.JournalConflict);
        var slots = new SignedStates();
        Assert.Null(slots.Use(3, Digest.Sha256("one"u8)));
        Assert.Null(slots.Use(3, Digest.Sha256("one"u8)));
        Assert.Equal(
            VerificationFailure.JournalConflict, slots.Use(3, Digest.Sha256("two"u8))?.Failure);
        Assert.Equal(
            VerificationFailure.JournalConflict, slots.Use(2, Digest.Sha256("two"u8))?.Failure);
    }

    [Fact]
    public void Restart_RotatedJournalWithoutItsBase_SignsNothingBeforeTheBaseIsInHand()
    {
        var other = new EngineBench();
        other.Seal(7, other.Sign(other.Record()));
        var last = other.Propose(9, []);
        var journal = other.Receive("a0", last).OfType<SealOutput.Journal>().Single().Body;
        var certificate = other.Certify(last.Seal, "a0", "a1", "a2");
        var entries = other.State.Entries.Select(entry => entry.Source).ToList();

        // The file starts at seal 9 and holds that signature alone: what was signed before is in seal 9's state only,
        // which a restored archive has lost.
        var bench = new EngineBench(o => o with { Journal = [journal], JournalBase = 9 });
        var outputs = bench.Receive("a0", bench.Propose(10, []));
        Assert.DoesNotContain(outputs, o => o is SealOutput.Journal);
        outputs = bench.Receive("a0", new SealMessage.Certificate(0, certificate));
        Assert.Contains(outputs, o => o is SealOutput.Send { Message: SealMessage.Fetch });
        bench.Receive("a0", new SealMessage.State(0, certificate, null, entries, [], false));
        Assert.Equal(9, bench.Engine.Newest?.Seal.Seq);
        Assert.Contains(bench.Receive("a0", bench.Propose(11, [])), o => o is SealOutput.Journal);

        // With the state in the archive there is nothing to wait for.
        var whole = new EngineBench(o => o with
        {
            Journal = [journal], JournalBase = 9, Archived = certificate, ArchivedEntries = entries,
        });
        Assert.Contains(whole.Receive("a0", whole.Propose(10, [])), o => o is SealOutput.Journal);
    }

    [Fact]
    public void Restart_UnreadableJournal_IsJournalConflict() =>
        Halts(
            new EngineBench(o => o with { Journal = [new byte[] { 1, 2, 3 }] }, isReady: false),
            VerificationFailure.JournalConflict);

    [Fact]
    [MaliciousInput(81, "start with older journal than peers hold: JournalBehind")]
    public void Restart_JournalOlderThanPeersHold_IsJournalBehind()
    {
        var lost = new EngineBench(isReady: false);
        var yours = lost.Certify(lost.Propose(9, []).Seal, EngineBench.Self);
        var outputs = lost.Receive("a0", new SealMessage.Claim(0, false, null, yours));
        var halted = Assert.Single(outputs.OfType<SealOutput.Halted>());
        Assert.Equal(VerificationFailure.JournalBehind, halted.Refusal.Failure);
        lost.Answer(["a2", "a3"]);
        Assert.DoesNotContain(lost.Receive("a0", lost.Propose(10, [])), o => o is SealOutput.Journal);
    }

    [Fact]
    public void Claim_ForgedOwnSignature_HaltsNothing()
    {
        var bench = new EngineBench();
        var forged = bench.Certify(bench.Propose(9, []).Seal, "a0");
        var disguised = forged with
        {
            Signatures = [new SignatureEntry(bench.Options.Signer.Key.Kid, forged.Signatures[0].Value)],
        };
        foreach (var yours in new[] { forged, disguised })
        {
            bench.Receive("a0", new SealMessage.Claim(0, false, null, yours));
            Assert.False(bench.Engine.IsHalted);
        }
    }

    [Fact]
    public void Ask_AnswersWithTheHighestSignatureHeld()
    {
        var bench = new EngineBench();
        bench.Seal(4);
        var outputs = bench.Receive("a2", new SealMessage.Claim(0, true, null, null));
        var claim = Assert.Single(
            outputs.OfType<SealOutput.Send>().Select(s => s.Message).OfType<SealMessage.Claim>());
        Assert.False(claim.Asks);
        Assert.Equal(bench.World.Signer("seal a2").Key.Kid, Assert.Single(claim.Yours!.Signatures).Kid);
    }

    [Fact]
    public void Restart_FromArchive_HoldsTheState()
    {
        var bench = new EngineBench();
        bench.Seal(3, bench.Sign(bench.Record()));
        var newest = bench.Engine.Newest!;
        var again = new EngineBench(o => o with
        {
            Archived = newest.Certificate, ArchivedEntries = [.. newest.State.Entries.Select(e => e.Source)],
        });
        Assert.Equal((3L, newest.Seal.Root), (again.Engine.Newest!.Seal.Seq, again.Engine.Newest.State.Tree.Root));
        var spoilt = new EngineBench(o => o with { Archived = newest.Certificate, ArchivedEntries = [] });
        Assert.Null(spoilt.Engine.Newest);
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(5, true)]
    [InlineData(300, false)]
    public void CatchUp_FromAnother_ReachesTheSameState(int entries, bool expectsChanges)
    {
        var ahead = new EngineBench();
        for (var i = 0; i < entries; i++)
        {
            ahead.Seal(i, ahead.Sign(ahead.Record($"m{i}.shop.svc")));
        }

        // More seals than the history keeps: the asker gets pages of the whole.
        var behind = new EngineBench();
        var (from, to) = (new Queue<SealMessage>(), new Queue<SealMessage>());
        Collect(behind.Receive("a0", new SealMessage.Certificate(0, ahead.Engine.Newest!.Certificate)), to);
        var pages = 0;
        while (to.TryDequeue(out var question))
        {
            Collect(ahead.Receive("a2", question), from);
            while (from.TryDequeue(out var answer))
            {
                pages += answer is SealMessage.State ? 1 : 0;
                Collect(behind.Receive("a0", answer), to);
            }
        }

        Assert.Equal(ahead.Engine.Newest.Digest, behind.Engine.Newest?.Digest);
        Assert.Equal(ahead.Engine.Newest.State.Tree.Root, behind.Engine.Newest!.State.Tree.Root);
        Assert.Equal(expectsChanges ? 1 : 3, pages);
    }

    /// <summary>While much is published a state of many pages is never the newest for as long as they take: it is read
    /// to the end, and what came meanwhile follows as changes.</summary>
    [Fact]
    public void CatchUp_WhileSealsGoOn_ReadsEachPageOnce()
    {
        var ahead = new EngineBench();
        for (var i = 0; i < 300; i++)
        {
            ahead.Seal(i, ahead.Sign(ahead.Record($"m{i}.shop.svc")));
        }

        var behind = new EngineBench();
        var to = new Queue<SealMessage>();
        Collect(behind.Receive("a0", new SealMessage.Certificate(0, ahead.Engine.Newest!.Certificate)), to);
        var (pages, changes, seq) = (0, 0, 300L);
        while (to.TryDequeue(out var question) && seq < 320)
        {
            var answers = new Queue<SealMessage>();
            Collect(ahead.Receive("a2", question), answers);
            if (pages < 3)
            {
                ahead.Seal(seq, ahead.Sign(ahead.Record($"m{seq}.shop.svc")));
                seq++;
                Collect(behind.Receive("a0", new SealMessage.Certificate(0, ahead.Engine.Newest.Certificate)), to);
            }

            while (answers.TryDequeue(out var answer))
            {
                var part = Assert.IsType<SealMessage.State>(answer);
                (pages, changes) = part.Base is null ? (pages + 1, changes) : (pages, changes + 1);
                Collect(behind.Receive("a0", part), to);
            }
        }

        Assert.Equal(ahead.Engine.Newest.Digest, behind.Engine.Newest?.Digest);
        Assert.Equal((3, 1), (pages, changes));
    }

    /// <summary>How far numbers are apart says nothing, for a leader may skip many. A state that others have no more is
    /// not waited for: what they show instead takes its place.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void CatchUp_BehindNumbersFarApart_GoesOnAsLongAsOthersHaveTheState(bool isGone)
    {
        var ahead = new EngineBench();
        for (var i = 0; i < 150; i++)
        {
            ahead.Seal(i, ahead.Sign(ahead.Record($"m{i}.shop.svc")));
        }

        var behind = new EngineBench();
        var (to, from) = (new Queue<SealMessage>(), new Queue<SealMessage>());
        Collect(behind.Receive("a0", new SealMessage.Certificate(0, ahead.Engine.Newest!.Certificate)), to);
        Collect(ahead.Receive("a2", to.Dequeue()), from);
        Collect(behind.Receive("a0", from.Dequeue()), to);
        var question = Assert.IsType<SealMessage.Fetch>(to.Dequeue());
        Assert.NotNull(question.After);
        for (var i = 1; i <= (isGone ? SealLimits.History : 3); i++)
        {
            ahead.Seal(150 + (i * (isGone ? 2 : 100)), ahead.Sign(ahead.Record($"m{150 + i}.shop.svc")));
            Collect(behind.Receive("a0", new SealMessage.Certificate(0, ahead.Engine.Newest.Certificate)), to);
        }

        Assert.Empty(to);
        Collect(ahead.Receive("a2", question), from);
        Collect(behind.Receive("a0", from.Dequeue()), to);
        var next = Assert.IsType<SealMessage.Fetch>(Assert.Single(to));
        Assert.Equal((ahead.Engine.Newest.Digest, null), (next.Seal, next.After));
        Assert.Equal(isGone ? null : 149L, behind.Engine.Newest?.Seal.Seq);
    }

    /// <summary>One that shows its pages slowly holds nobody for long, and one that falls silent not at all.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void CatchUp_FromOneThatIsSlow_GoesOnWithTheNewest(bool isSilent)
    {
        var ahead = new EngineBench();
        for (var i = 0; i < 300; i++)
        {
            ahead.Seal(i, ahead.Sign(ahead.Record($"m{i}.shop.svc")));
        }

        var behind = new EngineBench();
        var (to, from) = (new Queue<SealMessage>(), new Queue<SealMessage>());
        Collect(behind.Receive("a0", new SealMessage.Certificate(0, ahead.Engine.Newest!.Certificate)), to);
        Collect(ahead.Receive("a2", to.Dequeue()), from);
        var page = Assert.IsType<SealMessage.State>(from.Dequeue());
        Collect(behind.Receive("a0", page), to);
        to.Clear();
        ahead.Seal(300, ahead.Sign(ahead.Record("m300.shop.svc")));
        var outputs = behind.Receive("a3", new SealMessage.Certificate(0, ahead.Engine.Newest.Certificate));
        Assert.Null(Asked(outputs));
        for (var i = 0; i < 40 && to.Count == 0; i++)
        {
            behind.Now += 25;
            Collect(behind.Step(new SealInput.Tick()), to);
            if (!isSilent)
            {
                behind.Receive("a0", page);
                ahead.Seal(301 + i, ahead.Sign(ahead.Record($"m{301 + i}.shop.svc")));
                Collect(behind.Receive("a3", new SealMessage.Certificate(0, ahead.Engine.Newest.Certificate)), to);
            }
        }

        var anew = Assert.IsType<SealMessage.Fetch>(Assert.Single(to));
        Assert.Equal((ahead.Engine.Newest.Digest, null), (anew.Seal, anew.After));
    }

    /// <summary>What changed is more than a message holds, and so is the state: pages, each within its bytes.</summary>
    [Fact]
    public void CatchUp_ManyBytes_ComeInMessagesThatCanBeSent()
    {
        var ahead = new EngineBench();
        for (var i = 0; i < 4; i++)
        {
            ahead.Seal(i, ahead.SignWide($"wide{i}.shop.svc", 50));
        }

        var behind = new EngineBench();
        var (from, to) = (new Queue<SealMessage>(), new Queue<SealMessage>());
        Collect(behind.Receive("a0", new SealMessage.Certificate(0, ahead.Engine.Newest!.Certificate)), to);
        var pages = new List<int>();
        while (to.TryDequeue(out var question))
        {
            Collect(ahead.Receive("a2", question), from);
            while (from.TryDequeue(out var answer))
            {
                if (answer is SealMessage.State { Puts: var puts })
                {
                    pages.Add(puts.Count);
                    Assert.InRange(puts.Sum(put => put.Slices.Sum(one => one.Length)), 1, SealLimits.MessageBytes);
                }

                Collect(behind.Receive("a0", answer), to);
            }
        }

        Assert.Equal([2, 2], pages);
        Assert.Equal(ahead.Engine.Newest.Digest, behind.Engine.Newest?.Digest);
    }

    [Fact]
    public void Connected_ManyBytes_AreToldInMessagesThatCanBeSent()
    {
        var bench = new EngineBench();
        for (var i = 0; i < 4; i++)
        {
            bench.Step(new SealInput.Publish(i, bench.SignWide($"wide{i}.shop.svc", 50)));
        }

        var told = bench.Step(new SealInput.Connected("a3")).OfType<SealOutput.Send>()
            .Select(send => send.Message).OfType<SealMessage.Entries>().Select(entries => entries.List.Count);
        Assert.Equal([2, 2], told);
    }

    [Fact]
    public void CatchUp_WrongState_IsRefusedAndAskedElsewhere()
    {
        var ahead = new EngineBench();
        ahead.Seal(0, ahead.Sign(ahead.Record()));
        var behind = new EngineBench();
        behind.Receive("a0", new SealMessage.Certificate(0, ahead.Engine.Newest!.Certificate));
        var lie = new SealMessage.State(0, ahead.Engine.Newest.Certificate, behind.Handover, [], [], false);
        var outputs = behind.Receive("a0", lie);
        Assert.Equal(
            VerificationFailure.RootMismatch, Assert.Single(outputs.OfType<SealOutput.Ignored>()).Refusal.Failure);
        Assert.Contains(outputs, o => o is SealOutput.Send { To: "a2", Message: SealMessage.Fetch });
        Assert.Null(behind.Engine.Newest);
    }

    /// <summary>What nobody's word can mend, as an entry that a later version made, is not asked for without end; a
    /// newer certificate does not hurry it, and one good state ends it.</summary>
    [Fact]
    public void CatchUp_RefusedFromEverybody_AsksEverMoreRarely()
    {
        var ahead = new EngineBench();
        ahead.Seal(0, ahead.Sign(ahead.Record()));
        var first = ahead.Engine.Newest!.Certificate;
        ahead.Seal(1, ahead.Sign(ahead.Record("n2.shop.svc")));
        var newer = ahead.Engine.Newest!.Certificate;
        var behind = new EngineBench();
        var asked = Asked(behind.Receive("a0", new SealMessage.Certificate(0, first)));
        for (var i = 0; i < 2; i++)
        {
            asked = Asked(Lie(asked, first));
            Assert.NotNull(asked);
        }

        Assert.Null(Asked(Lie(asked, first)));
        Assert.Null(Asked(behind.Receive("a3", new SealMessage.Certificate(0, newer))));
        Assert.Null(Asked(Lie("a0", newer)));
        var waits = new List<long>();
        for (var i = 0; i < 9; i++)
        {
            var start = behind.Now;
            while ((asked = Asked(behind.Step(new SealInput.Tick()))) is null)
            {
                behind.Now++;
            }

            waits.Add(behind.Now - start);
            Assert.Null(Asked(Lie(asked, newer)));
        }

        Assert.Equal([50, 100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000], waits);
        while ((asked = Asked(behind.Step(new SealInput.Tick()))) is null)
        {
            behind.Now++;
        }

        var entries = ahead.State.Entries.Select(entry => entry.Source).ToList();
        behind.Receive(asked, new SealMessage.State(0, newer, null, entries, [], false));
        Assert.Equal(ahead.Engine.Newest.Digest, behind.Engine.Newest?.Digest);
        ahead.Seal(2, ahead.Sign(ahead.Record("n3.shop.svc")));
        newer = ahead.Engine.Newest!.Certificate;
        asked = Asked(behind.Receive("a0", new SealMessage.Certificate(0, newer)));
        Assert.NotNull(Asked(Lie(asked, newer)));

        IReadOnlyList<SealOutput> Lie(string? from, Envelope certificate) =>
            behind.Receive(from!, new SealMessage.State(0, certificate, null, [], [], false));
    }

    private static string? Asked(IReadOnlyList<SealOutput> outputs) =>
        outputs.OfType<SealOutput.Send>().LastOrDefault(send => send.Message is SealMessage.Fetch)?.To;

    private static void Collect(IReadOnlyList<SealOutput> outputs, Queue<SealMessage> messages)
    {
        foreach (var send in outputs.OfType<SealOutput.Send>())
        {
            if (send.Message is SealMessage.Fetch or SealMessage.State)
            {
                messages.Enqueue(send.Message);
            }
        }
    }

    private static (EngineBench Bench, ReadOnlyMemory<byte> Journal) Signed(long seq)
    {
        var bench = new EngineBench();
        bench.Opening();
        var proposal = bench.Propose(seq, [bench.Sign(bench.Record($"s{Random.Next()}.shop.svc"))]);
        var outputs = bench.Receive("a0", proposal);
        return (bench, Assert.Single(outputs.OfType<SealOutput.Journal>()).Body);
    }

    private static Random Random { get; } = new(12);

    private static void Halts(EngineBench bench, VerificationFailure failure)
    {
        Assert.True(bench.Engine.IsHalted);
        bench.Answer(["a0", "a2", "a3"]);
        Assert.DoesNotContain(bench.Receive("a0", bench.Propose(100, [])), o => o is SealOutput.Journal);
        var fresh = new SealEngine(bench.Options, bench.Now).Step(new SealInput.Tick(), bench.Now);
        Assert.Equal(failure, Assert.Single(fresh.OfType<SealOutput.Halted>()).Refusal.Failure);
    }
}
