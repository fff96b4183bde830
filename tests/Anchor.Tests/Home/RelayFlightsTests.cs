using Fairlead.Anchor.Home;
using Fairlead.Anchor.Home.Introductions;
using Fairlead.Anchor.Tests.Home.Reports;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol.V1;
using Fairlead.TestKit;

namespace Fairlead.Anchor.Tests.Home;

/// <summary>How many questions are relayed at a time, and which of them are one.</summary>
public sealed class RelayFlightsTests
{
    private readonly ManualTimeProvider _time =
        new(DateTimeOffset.FromUnixTimeMilliseconds(TestSegmentOptions.Start));

    private readonly TaskCompletionSource<(UnverifiedAnswer?, Refusal?)> _reply =
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    private readonly RelayFlights _flights;
    private int _asked;

    public RelayFlightsTests() => _flights = new RelayFlights(_time);

    /// <summary>One that left before the answer changes nothing for the others.</summary>
    [Fact]
    public async Task Question_ThatSeveralAsk_IsAskedOnce()
    {
        using var leaving = new CancellationTokenSource();
        var left = AskAsync("eu1", "a", cancellationToken: leaving.Token);
        var (one, other) = (AskAsync("eu1", "a"), AskAsync("eu1", "a"));
        Assert.Equal(1, _flights.Count);
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => left);
        var answer = new UnverifiedAnswer(default, [], AnswerResult.Denied, []);
        _reply.SetResult((answer, null));
        Assert.Same(answer, (await one).Answer);
        Assert.Same(answer, (await other).Answer);
        Assert.Equal((1, 0), (_asked, _flights.Count));

        // What was answered is the home's to keep.
        await AskAsync("eu1", "a");
        Assert.Equal(2, _asked);
    }

    [Fact]
    public async Task Question_ThatFailed_IsNotTriedAgainAtOnce()
    {
        _reply.SetResult((null, new Refusal(VerificationFailure.Behind, "", "away")));
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(VerificationFailure.Behind, (await AskAsync("eu1", "a")).Refusal?.Failure);
        }

        Assert.Equal(1, _asked);
        await AskAsync("eu1", "b");
        Assert.Equal(2, _asked);
        _time.Advance(RelayFlights.FailureKept);
        await AskAsync("eu1", "a");
        Assert.Equal(3, _asked);
    }

    /// <summary>Who hardly waits has a failure of its own: it is no answer for those who wait longer, and they do not
    /// wait for a question that ends before its time.</summary>
    [Fact]
    public async Task Question_ThatHadLittleTime_FailsForNobodyElse()
    {
        var hasty = AskAsync("eu1", "a", patience: RelayFlights.PatienceOfFailures - TimeSpan.FromTicks(1));
        var patient = AskAsync("eu1", "a");
        Assert.Equal(2, _flights.Count);
        _reply.SetResult((null, new Refusal(VerificationFailure.Behind, "", "away")));
        await hasty;
        await patient;
        await AskAsync("eu1", "a", patience: TimeSpan.Zero);
        Assert.Equal(3, _asked);
        await AskAsync("eu1", "a", patience: RelayFlights.PatienceOfFailures);
        await AskAsync("eu1", "a", patience: RelayFlights.PatienceOfFailures);
        await AskAsync("eu1", "a", patience: RelayTries.Longest);
        Assert.Equal(4, _asked);
    }

    [Fact]
    public async Task Questions_OfOneAskerAndOfAll_AreSoManyAtATime()
    {
        var flying = new List<Task>();
        for (var asker = 0; _flights.Count < RelayFlights.OfAllMax; asker++)
        {
            // Each has its places, and of the last ones none has more than half of what is free.
            var of = Math.Min(RelayFlights.OfOneMax, (RelayFlights.OfAllMax - _flights.Count + 2) / 3);
            for (var i = 0; i < of; i++)
            {
                flying.Add(AskAsync($"home {asker}", $"{asker}/{i}"));
            }

            Assert.Equal(
                VerificationFailure.RateLimited, (await AskAsync($"home {asker}", "one more")).Refusal?.Failure);
        }

        Assert.Equal(VerificationFailure.RateLimited, (await AskAsync("another", "x")).Refusal?.Failure);
        Assert.Equal(VerificationFailure.RateLimited, (await PassAsync("another")).Refusal?.Failure);
        _reply.SetResult((new UnverifiedAnswer(default, [], AnswerResult.Denied, []), null));
        await Task.WhenAll(flying);
        await _flights.DisposeAsync();
        Assert.Equal(0, _flights.Count);
        Assert.Equal("passed", (await PassAsync("another")).Done);
        Assert.NotNull((await AskAsync("another", "x")).Answer);
    }

    /// <summary>Of those behind one transit none takes the others' places, and all together not those of the
    /// transits beside it.</summary>
    [Fact]
    public async Task Homes_BehindOneTransit_HavePlacesOfTheirOwn()
    {
        var flying = new List<Task>();
        for (var i = 0; i < RelayFlights.OfOneMax; i++)
        {
            flying.Add(AskAsync("loud", $"loud/{i}", by: "acme"));
        }

        Assert.Equal(
            VerificationFailure.RateLimited, (await AskAsync("loud", "more", by: "acme")).Refusal?.Failure);
        flying.Add(AskAsync("quiet", "quiet", by: "acme"));
        Assert.False(flying[^1].IsCompleted);
        flying.Add(AskAsync("loud", "itself"));
        Assert.False(flying[^1].IsCompleted);

        // Three more that take all they get leave some, and the transit has its own.
        for (var home = 0; home < 3; home++)
        {
            while (true)
            {
                var asked = AskAsync($"home {home}", $"{home}/{_flights.Count}", by: "acme");
                if (asked.IsCompleted)
                {
                    Assert.Equal(VerificationFailure.RateLimited, (await asked).Refusal?.Failure);
                    break;
                }

                flying.Add(asked);
            }
        }

        flying.Add(AskAsync("fifth", "fifth", by: "acme"));
        Assert.False(flying[^1].IsCompleted);
        for (var i = 0; i < RelayFlights.OfOneMax; i++)
        {
            flying.Add(AskAsync("acme", $"acme/{i}", by: "acme"));
            Assert.False(flying[^1].IsCompleted);
        }

        Assert.Equal(
            VerificationFailure.RateLimited, (await AskAsync("acme", "acme/more", by: "acme")).Refusal?.Failure);
        for (var home = 0; _flights.Count <= RelayFlights.OfTransitMax + RelayFlights.OfOneMax; home++)
        {
            flying.Add(AskAsync($"small {home}", $"small {home}", by: "acme"));
        }

        Assert.Equal(
            VerificationFailure.RateLimited, (await AskAsync("late", "late", by: "acme")).Refusal?.Failure);
        flying.Add(AskAsync("late", "late", by: "corp"));
        _reply.SetResult((new UnverifiedAnswer(default, [], AnswerResult.Denied, []), null));
        await Task.WhenAll(flying);
        await _flights.DisposeAsync();
        Assert.Equal(0, _flights.Count);
        Assert.NotNull((await AskAsync("late", "late", by: "acme")).Answer);
    }

    /// <summary>A next segment through which the question came is not asked (V48).</summary>
    [Fact]
    public async Task Question_ThatWouldGoAround_EndsHere()
    {
        await using var world = new EvidenceWorld();
        world.Serve();
        await using var relay = new IntroductionRelay(
            world.Context, world.Verifier, new ChainBook(world.Context, world.Verifier));
        var next = world.Context.Views.Current!.Towards(world.Home.Name)!;
        var (answer, refusal) = await relay.AskAsync(
            RelayAsker.Self(world.Home.Genesis), world.Context.Views.Current, new IntroduceRequest { HopsLeft = 1 },
            null!, [world.Home.Genesis, world.Own.Genesis], next, TimeSpan.MaxValue, CancellationToken.None);
        Assert.Null(answer);
        Assert.Equal(VerificationFailure.LoopDetected, refusal!.Failure);
    }

    private Task<(UnverifiedAnswer? Answer, Refusal? Refusal)> AskAsync(
        string home, string question, TimeSpan? patience = null, string? by = null,
        CancellationToken cancellationToken = default) =>
        _flights.AskAsync(new RelayAsker(Of(by ?? home), Of(home)), Of(question), patience ?? TimeSpan.MaxValue, () =>
        {
            Interlocked.Increment(ref _asked);
            return _reply.Task;
        },
        cancellationToken);

    private Task<(string? Done, Refusal? Refusal)> PassAsync(string asker) => _flights.CountAsync(
        RelayAsker.Self(Of(asker)), () => Task.FromResult<(string?, Refusal?)>(("passed", null)));

    private static Digest Of(string text) => Digest.Sha256(System.Text.Encoding.UTF8.GetBytes(text));
}
