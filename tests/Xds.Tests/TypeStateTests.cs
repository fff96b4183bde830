using System.Globalization;
using Fairlead.EnvoyApi.Endpoints;
using Fairlead.Xds.Csds;
using Fairlead.Xds.Streams;
using Xunit;

namespace Fairlead.Xds.Tests;

/// <summary>What a stream remembers of one type.</summary>
public sealed class TypeStateTests
{
    /// <summary>A client that says nothing to anything, of names that nobody serves any more.</summary>
    [Fact]
    public void Responses_WithoutAWord_AreRememberedUpToSomeMegabytes()
    {
        var state = new TypeState(ResourceType.Endpoints);
        for (var i = 0; i < 20; i++)
        {
            var nonce = i.ToString(CultureInfo.InvariantCulture);
            var wide = Resource.Create(new ClusterLoadAssignment
            {
                ClusterName = nonce, NamedEndpoints = { [new string('x', 1 << 20)] = new Endpoint() },
            });
            state.Note(wide);
            state.Record(new SentResponse(nonce, "v", [wide], TimeSpan.Zero), isPush: false);
            Assert.InRange(state.OutstandingBytes, 1, 9 << 20);
        }

        Assert.All(state.Resources(), one => Assert.Equal(ResourceState.Waiting, one.State));
        Assert.False(state.IsTaken("0"));
        Assert.Null(state.Acknowledge("0", TimeSpan.Zero));
        Assert.NotNull(state.Acknowledge("19", TimeSpan.Zero));
        Assert.Equal(0, state.OutstandingBytes);
        Assert.True(state.IsTaken("0"));
    }
}
