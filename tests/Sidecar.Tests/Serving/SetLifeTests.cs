using Fairlead.Resolver;
using Fairlead.Resolver.Sets;
using Fairlead.Sidecar.Serving;
using Fairlead.TestKit.Answers;

namespace Fairlead.Sidecar.Tests.Serving;

/// <summary>A strict member that ends takes nothing of the others away: a cache, the Sets and what clients are told of
/// them, on virtual time, with every anchor silent.</summary>
public sealed class SetLifeTests
{
    private readonly SetWorld _world = new();
    private CachedName? _joined;

    /// <summary>An Envoy drops all endpoints of an assignment at its end: at no moment is that past while a member
    /// serves, and the word of what is left comes well before it.</summary>
    [Fact]
    public void Member_ThatEnds_LeavesBeforeClientsDropTheOthers()
    {
        // Wherever the clock stands within the steps in which ends are told.
        for (var start = 1_000_000L; start < 1_000_250; start += 31)
        {
            var seen = Run(start);
            Assert.Equal(["us1 eu1", "eu1", ""], seen.Select(one => one.Used).Distinct());
            var (last, first) = (seen.Last(one => one.Used == "us1 eu1"), seen.First(one => one.Used == "eu1"));
            Assert.All(seen.Where(one => one.Used.Length > 0), one => Assert.True(one.Left > 0, $"{start}: {one}"));
            Assert.InRange(last.Left, 200, 300);
            Assert.True(first.Left > last.Left, $"{start}: {first} after {last}");
        }
    }

    private List<(long At, string Used, double Left)> Run(long start)
    {
        var cache = new NameCache(new NameCacheOptions { Anchors = 1 }, new Random(1));
        var book = new SetBook(static (_, _) => { }, name => _joined = name.Name == SetWorld.Name ? name : _joined);
        var elapsed = 0L;
        foreach (var (name, answer) in new[]
        {
            (SetWorld.Name, _world.SetAnswer()), (SetWorld.First, _world.FirstAnswer()),
            (SetWorld.Second, _world.SecondAnswer()),
        })
        {
            Step(new CacheInput.Want(name));
            Step(new CacheInput.Accepted(name, 0, answer));
        }

        var seen = new List<(long, string, double)>();
        for (; elapsed < 30_000 && (seen.Count == 0 || seen[^1].Item2.Length > 0); elapsed += 10)
        {
            Step(CacheInput.Tick.Instance);
            var served = ServedNameMapping.Map(_joined!);
            var used = served.Endpoints.Select(one => one.Member!.Provenance.Segment.Split('.')[0]).Distinct();
            var left = served.StrictUntil?.TotalMilliseconds - (start + elapsed);
            seen.Add((elapsed, string.Join(' ', used), left ?? 0));
        }

        return seen;

        void Step(CacheInput input)
        {
            foreach (var output in cache.Step(input, new CacheTime(start + elapsed, _world.World.Now + elapsed)))
            {
                if (output is CacheOutput.Changed changed)
                {
                    book.Changed(changed.Name);
                }
            }
        }
    }
}
