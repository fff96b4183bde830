using Xunit;

namespace Fairlead.Store.Tests.Generated;

public sealed class GeneratedSequenceTests(ITestOutputHelper output)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 25)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task Sqlite_GeneratedRequests_AnswersAsTheReferenceDoes(int seed)
    {
        output.WriteLine($"seed {seed}");
        using var folder = new TemporaryFolder();
        await using var pair = new StorePair(folder.File("store.db"), Token);
        await pair.OpenAsync();
        var draw = new OperationGenerator(seed);
        var status = await pair.StepAsync("open", s => StorePair.LiveAsync(s, Token));
        for (var step = 0; step < 200; step++)
        {
            status = await StepAsync(pair, draw, status, $"seed {seed} step {step}");
        }

        await pair.CompareAllAsync();
        Assert.True(status.Revision > 20, "the sequence hardly wrote");
    }

    private static async Task<StoreStatus> StepAsync(
        StorePair pair, OperationGenerator draw, StoreStatus status, string where)
    {
        switch (draw.Next(20))
        {
            case < 9:
                var transaction = draw.Transaction(status);
                return await pair.StepAsync(
                    where + " commit", async s => StorePair.Show(await s.CommitAsync(transaction, Token)));
            case < 12:
                var read = draw.Read(status);
                return await pair.StepAsync(
                    where + $" {read}", async s => StorePair.Show(await s.RangeAsync(read, Token)));
            case 12:
                var revision = draw.Revision(status);
                return await pair.StepAsync($"{where} compact {revision}", async s =>
                {
                    await s.CompactAsync(revision, Token);
                    return "compacted";
                });
            case 13 or 14:
                await pair.CompareWatchAsync(draw.Range(), Math.Max(1, draw.Revision(status)));
                return status;
            case 15:
                pair.Advance(TimeSpan.FromMilliseconds(draw.Next(4_000)));
                return await pair.StepAsync(where + " advance", s => StorePair.LiveAsync(s, Token));
            case 16 when draw.Chance(40):
                await pair.ReopenAsync([1, 2, 3]);
                return await pair.StepAsync(where + " reopen", s => StorePair.LiveAsync(s, Token));
            default:
                var (lease, kind, ttl) = (draw.Lease(), draw.Next(5), TimeSpan.FromMilliseconds(draw.Next(9_000)));
                return await pair.StepAsync(
                    $"{where} lease {lease} {kind}", s => LeaseAsync(s, lease, kind, ttl));
        }
    }

    private static async Task<string> LeaseAsync(IStore store, long lease, int kind, TimeSpan ttl)
    {
        switch (kind)
        {
            case 0:
                return $"{await store.KeepLeaseAliveAsync(lease, Token)}";
            case 1:
                await store.RevokeLeaseAsync(lease, Token);
                return "revoked";
            case 2:
                var status = await store.GetLeaseAsync(lease, Token);
                return $"{status.Ttl} {status.Remaining} {string.Join(' ', status.Keys)}";
            default:
                return $"{await store.GrantLeaseAsync(ttl, lease, Token)}";
        }
    }
}
