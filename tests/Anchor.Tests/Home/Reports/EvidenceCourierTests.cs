using System.Collections.Concurrent;
using Fairlead.Anchor.Home.Reports;
using Fairlead.Naming.Traversal;
using Fairlead.TestKit.Processes;

namespace Fairlead.Anchor.Tests.Home.Reports;

/// <summary>Evidence on its way to the other anchors of the segment.</summary>
public sealed class EvidenceCourierTests : IAsyncDisposable
{
    private readonly EvidenceWorld _world = new();
    private readonly ConcurrentQueue<Contradiction> _told = new();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    /// <summary>Neither who is slow to hear one piece nor who fails at it keeps the others from being told.</summary>
    [Fact]
    public async Task Piece_ThatIsNotHeard_HoldsUpNoOther()
    {
        _world.Serve();
        await using var courier = new EvidenceCourier(
            _world.Context, _world.Verifier, _world.Book, async (piece, cancellationToken) =>
            {
                _told.Enqueue(piece);
                if (_told.Count == 1)
                {
                    await Task.Delay(Timeout.Infinite, cancellationToken);
                }

                throw new InvalidOperationException("a failure of no known kind");
            });
        for (var anchor = 0; anchor < 4; anchor++)
        {
            Assert.Null(_world.Book.Take(EvidenceWorld.Votes(_world.Own, anchor)));
            await ToldAsync(anchor + 1);
        }
    }

    private async Task ToldAsync(int count) => await Eventually.HoldsAsync(
        () => Task.FromResult(_told.Count), told => told == count, TimeSpan.FromMinutes(2),
        TestContext.Current.CancellationToken);
}
