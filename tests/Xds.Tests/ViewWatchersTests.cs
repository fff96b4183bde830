using Xunit;
using static Fairlead.Xds.Tests.Fixtures;

namespace Fairlead.Xds.Tests;

/// <summary>A change wakes whom it concerns, and nobody else.</summary>
public sealed class ViewWatchersTests
{
    private static readonly ResourceType Cds = ResourceType.Cluster;
    private static readonly ResourceType Eds = ResourceType.Endpoints;

    private readonly ResourceView _view = new(new RecordingInterest());

    public ViewWatchersTests() => _view.Update(builder => builder.MarkPrimed());

    [Fact]
    public void Change_WakesWhoAskedForTheName_AndNoOther()
    {
        var (a, both, cluster) = (Watcher(Eds, "a"), Watcher(Eds, "a", "b"), Watcher(Cds, "a"));
        Set(Endpoints("a", 1));
        Assert.Equal((1, 1, 0), (a.Taken(), both.Taken(), cluster.Taken()));
        Set(Endpoints("b", 1));
        Assert.Equal((0, 1, 0), (a.Taken(), both.Taken(), cluster.Taken()));
        Set(Endpoints("c", 1));
        Assert.Equal((0, 0, 0), (a.Taken(), both.Taken(), cluster.Taken()));
        _view.Update(builder => builder.Remove(Eds, "a").Remove(Cds, "a"));
        Assert.Equal((1, 1, 1), (a.Taken(), both.Taken(), cluster.Taken()));
    }

    [Fact]
    public void Change_OfSeveralNames_WakesOnce()
    {
        var both = Watcher(Eds, "a", "b");
        _view.Update(builder => builder.Set(Endpoints("a", 1)).Set(Endpoints("b", 1)));
        Assert.Equal(1, both.Taken());
    }

    [Fact]
    public void Update_ThatChangesNothing_WakesNobody()
    {
        var a = Watcher(Eds, "a");
        Set(Endpoints("a", 1));
        a.Taken();
        Set(Endpoints("a", 1));
        Assert.Equal(0, a.Taken());
    }

    [Fact]
    public void Everything_IsWokenByEachNameOfItsType()
    {
        var all = Watcher(Eds);
        _view.Watchers.WatchAll(all, Cds, isWatching: true);
        _view.Update(builder => builder.Set(Cluster("a"), wildcard: true));
        Assert.Equal(1, all.Taken());

        // What belongs to everything is news though the resource is the same.
        _view.Update(builder => builder.Set(Cluster("a"), wildcard: false));
        Assert.Equal(1, all.Taken());
        Set(Endpoints("a", 1));
        Assert.Equal(0, all.Taken());
        _view.Watchers.WatchAll(all, Cds, isWatching: false);
        _view.Update(builder => builder.Set(Cluster("b"), wildcard: true));
        Assert.Equal(0, all.Taken());
    }

    [Fact]
    public void Snapshot_ThatDoesNotFollowTheOneBefore_WakesAll()
    {
        var a = Watcher(Eds, "a");
        var ahead = _view.Current.ToBuilder().Build().ToBuilder().Set(Endpoints("b", 1)).Build();
        _view.Publish(ahead);
        Assert.Equal(1, a.Taken());
    }

    [Fact]
    public void View_ThatBecomesPrimed_WakesAll()
    {
        var view = new ResourceView(new RecordingInterest());
        var watcher = new Counter();
        view.Watchers.Join(watcher);
        view.Update(builder => builder.Set(Endpoints("b", 1)));
        Assert.Equal(0, watcher.Taken());
        view.Update(builder => builder.MarkPrimed());
        Assert.Equal(1, watcher.Taken());
    }

    [Fact]
    public void Watcher_ThatGaveUpOrLeft_IsNotWoken()
    {
        var (a, b) = (Watcher(Eds, "a"), Watcher(Eds, "b"));
        _view.Watchers.WatchAll(b, Cds, isWatching: true);
        _view.Watchers.Watch(a, Eds, [], ["a"]);
        _view.Watchers.Watch(b, Eds, [], ["b"]);
        _view.Watchers.Leave(b);
        _view.Update(builder => builder.Set(Endpoints("a", 1)).Set(Cluster("a"), wildcard: true));
        _view.Publish(_view.Current.ToBuilder().Build().ToBuilder().Build());
        Assert.Equal((1, 0), (a.Taken(), b.Taken()));
    }

    [Fact]
    public void ManyWatchers_OfAName_AreWokenAsTheyComeAndGo()
    {
        var random = new Random(7);
        var (watching, gone) = (new List<Counter>(), new List<Counter>());
        for (var i = 0; i < 300; i++)
        {
            watching.Add(Watcher(Eds, "a"));
            if (random.Next(3) == 0)
            {
                var left = watching[random.Next(watching.Count)];
                _view.Watchers.Watch(left, Eds, [], ["a", "a"]);
                watching.Remove(left);
                gone.Add(left);
            }

            if (random.Next(4) == 0 && gone.Count > 0)
            {
                var back = gone[random.Next(gone.Count)];
                _view.Watchers.Watch(back, Eds, ["a", "a"], []);
                gone.Remove(back);
                watching.Add(back);
            }
        }

        Set(Endpoints("a", 1));
        Assert.All(watching, one => Assert.Equal(1, one.Taken()));
        Assert.All(gone, one => Assert.Equal(0, one.Taken()));
        watching.ForEach(one => _view.Watchers.Watch(one, Eds, [], ["a"]));
        Set(Endpoints("a", 2));
        Assert.All(watching, one => Assert.Equal(0, one.Taken()));
    }

    private void Set(Resource resource) => _view.Update(builder => builder.Set(resource));

    private Counter Watcher(ResourceType type, params string[] names)
    {
        var watcher = new Counter();
        _view.Watchers.Join(watcher);
        _view.Watchers.Watch(watcher, type, names, []);
        return watcher;
    }

    private sealed class Counter : IViewWatcher
    {
        private int _count;

        public long Number { get; set; }

        public void Wake() => _count++;

        public int Taken()
        {
            var taken = _count;
            _count = 0;
            return taken;
        }
    }
}
