using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Resolver.Sets;
using Fairlead.TestKit.Answers;

namespace Fairlead.Resolver.Tests.Sets;

/// <summary>A name that several segments serve: which members serve it, in which order, and for how long.</summary>
public sealed class SetBookTests
{
    private const string Gone = "gone.shop.svc.us1.internal";

    private readonly SetWorld _world = new();
    private readonly Dictionary<string, int> _wanted = [];
    private readonly List<CachedName> _told = [];
    private readonly SetBook _book;

    public SetBookTests() => _book = new SetBook(
        (name, isWanted) => _wanted[name] = _wanted.GetValueOrDefault(name) + (isWanted ? 1 : -1), _told.Add);

    private CachedName Last => _told.Last(name => name.Name == SetWorld.Name);

    private string Used => string.Join(
        ' ',
        Last.Members.Where(part => Last.IsServed && part.IsUsed).Select(part => part.Member.Name.Segment!.Label));

    [Fact]
    public void Members_AreWantedAsNamesOfTheirOwn_UntilTheSetIsForgotten()
    {
        Say(SetWorld.Name, _world.SetAnswer());
        Assert.Equal([SetWorld.Second, SetWorld.First], _wanted.Keys.Order(StringComparer.Ordinal));
        Say(SetWorld.Name, _world.SetAnswer());
        Assert.All(_wanted.Values, count => Assert.Equal(1, count));
        _book.Forgotten(SetWorld.Name);
        Assert.All(_wanted.Values, count => Assert.Equal(0, count));
    }

    /// <summary>By it the parts of a Set that is never given up for others are not either.</summary>
    [Fact]
    public void Members_AreSaidToBeOfASet_AsLongAsTheyAre()
    {
        Say(SetWorld.Name, _world.SetAnswer());
        Assert.All([SetWorld.First, SetWorld.Second], member => Assert.True(_book.IsMember(member, IsIt)));
        Assert.False(_book.IsMember(SetWorld.First, set => !IsIt(set)));
        Assert.False(_book.IsMember(SetWorld.Name, IsIt));
        _book.Forgotten(SetWorld.Name);
        Assert.False(_book.IsMember(SetWorld.First, IsIt));

        static bool IsIt(string set) => set == SetWorld.Name;
    }

    [Fact]
    public void Set_ThatChanges_WantsNewMembersAndGivesTheOthersUp()
    {
        Say(SetWorld.Name, _world.SetAnswer());
        var one = new SetWorld(set => set with { Members = [set.Members[0]], Version = set.Version + 1 });
        Say(SetWorld.Name, one.SetAnswer());
        Assert.Equal(1, _wanted[one.SetAnswer().Set!.Members[0].Name.Text]);
        Assert.Equal(1, _wanted.Values.Sum());

        Say(SetWorld.Name, NameState.Absent, null);
        Assert.Equal(0, _wanted.Values.Sum());
        Assert.Equal(NameState.Absent, Last.State);
    }

    [Fact]
    public void Order_AtTheStart_IsTheSetsAndNotWhoAnswersFirst()
    {
        Say(SetWorld.Name, _world.SetAnswer());
        Assert.Equal(NameState.Pending, Last.State);
        Say(SetWorld.Second, _world.SecondAnswer());
        Assert.Equal(NameState.Pending, Last.State);
        Say(SetWorld.First, _world.FirstAnswer());
        Assert.Equal((NameState.Fresh, "us1 eu1"), (Last.State, Used));
    }

    [Fact]
    public void First_ThatAnswers_IsServedWithoutWaitingForTheOthers()
    {
        Say(SetWorld.Name, _world.SetAnswer());
        Say(SetWorld.First, _world.FirstAnswer());
        Assert.Equal((NameState.Fresh, "us1"), (Last.State, Used));
    }

    [Theory]
    [InlineData(NameState.Expired)]
    [InlineData(NameState.Denied)]
    [InlineData(NameState.Absent)]
    [InlineData(NameState.Unreachable)]
    [InlineData(NameState.Pending)]
    public void First_ThatIsLost_LeavesTheSecond_AndComesBack(NameState lost)
    {
        SayAll();
        Say(SetWorld.First, lost, null);
        Assert.Equal((NameState.Fresh, "eu1"), (Last.State, Used));
        Assert.Equal(lost, Last.Members[0].State);
        Say(SetWorld.First, _world.FirstAnswer());
        Assert.Equal((NameState.Fresh, "us1 eu1"), (Last.State, Used));
    }

    /// <summary>An outage of a segment's anchors must not move traffic by itself: the set's priorities stand, and
    /// health decides.</summary>
    [Fact]
    public void First_ThatIsStale_StaysAndMarksTheName()
    {
        SayAll();
        _book.Changed(Of(SetWorld.First, NameState.Stale, _world.FirstAnswer()) with
        {
            ExpiresAt = 10, StaleUntil = 4_000,
        });
        Assert.Equal((NameState.Stale, "us1 eu1"), (Last.State, Used));
        Assert.Equal(4_000, Last.ServedUntil);

        // Until when clients may use it is what its own answer says, and each member's of its own endpoints.
        Assert.Equal((10, 60_000), (Last.ExpiresAt, Last.EndsAt));
    }

    [Fact]
    public void Time_IsTheSmallestOfSetAndMembersInUse()
    {
        Say(SetWorld.Name, _world.SetAnswer());
        _book.Changed(Of(SetWorld.First, NameState.Fresh, _world.FirstAnswer()) with { ExpiresAt = 7_000 });
        _book.Changed(Of(SetWorld.Second, NameState.Fresh, _world.SecondAnswer()) with { ExpiresAt = 5_000 });
        Assert.Equal(5_000, Last.ExpiresAt);
        Say(SetWorld.Second, NameState.Expired, null);
        Assert.Equal(7_000, Last.ExpiresAt);
    }

    [Theory]
    [InlineData(NameState.Absent, NameState.Absent, NameState.Absent)]
    [InlineData(NameState.Absent, NameState.Denied, NameState.Denied)]
    [InlineData(NameState.Absent, NameState.Unreachable, NameState.Unreachable)]
    [InlineData(NameState.Denied, NameState.Expired, NameState.Expired)]
    [InlineData(NameState.Unreachable, NameState.Expired, NameState.Expired)]
    public void Nobody_Left_SaysAbsentOnlyWhereEachIs(NameState first, NameState second, NameState all)
    {
        Say(SetWorld.Name, _world.SetAnswer());
        Say(SetWorld.First, first, null);
        Say(SetWorld.Second, second, null);
        Assert.Equal(all, Last.State);
    }

    /// <summary>V60: the answer stands for its own name and not for the set's.</summary>
    [Fact]
    public void Member_ThatDoesNotFit_IsLeftOutByName()
    {
        var world = new SetWorld(set => set with { Identities = ["spiffe://us1.internal/ns/shop/sa/checkout"] });
        Say(SetWorld.Name, world.SetAnswer());
        Say(SetWorld.First, world.FirstAnswer());
        Say(SetWorld.Second, world.SecondAnswer());
        Assert.Equal(NameState.Unreachable, Last.State);
        Assert.Equal(VerificationFailure.SetMismatch, Last.Failure?.Failure);
        Assert.All(
            Last.Members, part => Assert.Equal(VerificationFailure.SetMismatch, part.Mismatch?.Failure));
        Assert.Equal(NameState.Fresh, _told.Last(name => name.Name == SetWorld.First).State);
    }

    [Fact]
    public void Set_ThatIsOver_IsNotServedByItsMembers()
    {
        SayAll();
        Say(SetWorld.Name, NameState.Expired, _world.SetAnswer());
        Assert.Equal((NameState.Expired, ""), (Last.State, Used));
        Say(SetWorld.First, _world.FirstAnswer());
        Assert.Equal(NameState.Expired, Last.State);
        Assert.Equal(1, _wanted[SetWorld.First]);
    }

    [Fact]
    public void Host_OfTheSetsName_IsAskedOfEachMember()
    {
        Say($"pod-0.{SetWorld.Name}", _world.SetAnswer($"pod-0.{SetWorld.Name}"));
        Assert.Equal(
            [$"pod-0.{SetWorld.Second}", $"pod-0.{SetWorld.First}"], _wanted.Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void NameThatIsNoSet_PassesAsItIs()
    {
        Say(Gone, _world.NoAnswer(), NameState.Absent);
        Assert.Empty(Assert.Single(_told).Members);
        Assert.Same(_told[0], _book.Joined(_told[0]));
    }

    [Fact]
    public void Joined_IsTheNameAsItWasToldLast()
    {
        SayAll();
        var raw = Of(SetWorld.Name, NameState.Fresh, _world.SetAnswer());
        Assert.Same(Last, _book.Joined(raw));
        _book.Forgotten(SetWorld.Name);
        Assert.Same(raw, _book.Joined(raw));
    }

    private void SayAll()
    {
        Say(SetWorld.Name, _world.SetAnswer());
        Say(SetWorld.First, _world.FirstAnswer());
        Say(SetWorld.Second, _world.SecondAnswer());
        Assert.Equal("us1 eu1", Used);
    }

    private void Say(string name, VerifiedAnswer answer, NameState state = NameState.Fresh) =>
        Say(name, state, answer);

    private void Say(string name, NameState state, VerifiedAnswer? answer) => _book.Changed(Of(name, state, answer));

    private static CachedName Of(string name, NameState state, VerifiedAnswer? answer) =>
        new(name, state, answer, 0, 60_000, 0, null) { StaleUntil = 90_000, LastRecord = answer?.Record };
}
