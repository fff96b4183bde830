using Fairlead.Anchor.Identities;
using Fairlead.Anchor.Serving;
using Fairlead.Anchor.Tests.Home.Reports;
using Fairlead.Naming;
using Fairlead.TestKit;

namespace Fairlead.Anchor.Tests.Serving;

/// <summary>V52 of callers of whom the key alone is seen: heads that are signed, entries that are checked.</summary>
public sealed class CallerRatesTests : IAsyncDisposable
{
    private static readonly Subject Pod = new() { Namespace = "shop", Account = "frontend" };
    private static readonly Digest PodKey = TestKeys.Signer(900).Key.Kid;

    private readonly EvidenceWorld _world = new(keys: new Dictionary<Digest, Subject> { [PodKey] = Pod });
    private readonly CallerRates _rates;

    public CallerRatesTests()
    {
        _world.Serve();
        _rates = new CallerRates(_world.Context, () => (1, 100), 1, 8);
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public void Strangers_OfOneAddress_AreHeardSoOften_AndThoseWhoAreKnownGoOn()
    {
        var heard = Enumerable.Range(0, 1_000).Count(i => Take(TestKeys.Signer(500 + (i % 3)).Key.Kid) is null);
        Assert.InRange(heard, 8, 100);
        Assert.Equal(VerificationFailure.RateLimited, Take(null)?.Failure);

        foreach (var kid in new[] { PodKey, _world.Own.Publisher.Key.Kid, _world.Own.Tls(1).Key.Kid })
        {
            Assert.Equal(100, Enumerable.Range(0, 200).Count(_ => Take(kid) is null));
        }

        _world.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(Take(PodKey));
        Assert.Null(Take(null));
    }

    private Refusal? Take(Digest? kid) => _rates.Take(
        new Caller(kid, [], null) { From = CallOrigin.Of("ipv4:10.0.0.1:1234") }, _world.Context.Views.Current);
}
