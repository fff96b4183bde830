using Xunit;
using static Fairlead.Xds.Tests.Fixtures;

namespace Fairlead.Xds.Tests;

public sealed class ResourceViewTests
{
    private readonly RecordingInterest _interest = new();
    private readonly ResourceView _view;

    public ResourceViewTests() => _view = new ResourceView(_interest);

    [Fact]
    public void Publish_SequenceThatDoesNotAdvance_IsAMistake()
    {
        var snapshot = Snapshot(Cluster("a"));
        _view.Publish(snapshot);

        Assert.Throws<ArgumentException>(() => _view.Publish(snapshot));
    }

    [Fact]
    public void Publish_UnprimedAfterPrimed_IsAMistake()
    {
        _view.Publish(Snapshot());
        var unprimed = ResourceSnapshot.Unprimed.ToBuilder().Build().ToBuilder().Build();

        Assert.Throws<ArgumentException>(() => _view.Publish(unprimed));
    }

    [Fact]
    public void Count_SeveralStreams_TellsTheFirstAndTheLast()
    {
        _view.Count(ResourceType.Endpoints, ["a"], []);
        _view.Count(ResourceType.Endpoints, ["a", "b"], []);
        _view.Count(ResourceType.Listener, ["a"], []);
        _view.Count(ResourceType.Endpoints, [], ["a"]);
        _view.Count(ResourceType.Endpoints, [], ["a", "b"]);

        Assert.Equal(["+eds a", "+eds b", "+lds a", "-eds a", "-eds b"], _interest.Told);
    }

    [Fact]
    public async Task Update_FromManyThreads_LosesNothing()
    {
        await Task.WhenAll(Enumerable.Range(0, 8).Select(thread => Task.Run(() =>
        {
            for (var i = 0; i < 50; i++)
            {
                _view.Update(builder => builder.Set(Endpoints($"{thread}-{i}", 1)));
            }
        })));

        Assert.Equal(400, _view.Current.Resources(ResourceType.Endpoints).Count);
        Assert.Equal(400, _view.Current.Sequence);
    }
}
