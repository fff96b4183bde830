using System.Globalization;
using Fairlead.Xds;

namespace Fairlead.XdsHost;

/// <summary>The endpoints of <c>svc-0</c> to <c>svc-(N-1)</c>, as one view for all clients. Safe for concurrent use.
/// </summary>
internal sealed class ServiceList : IViewProvider, IResourceInterest
{
    private const string Prefix = "svc-";

    private readonly Lock _gate = new();
    private readonly int[] _rounds;
    private readonly int _endpoints;
    private readonly ResourceView _view;

    public ServiceList(int names, int endpoints)
    {
        _rounds = new int[names];
        _endpoints = endpoints;
        _view = new ResourceView(this);
        _view.Update(builder =>
        {
            builder.MarkPrimed();
            for (var i = 0; i < names; i++)
            {
                builder.Set(Of(i));
            }
        });
    }

    /// <summary>Changes the weight of one endpoint of a name.</summary>
    /// <returns>False if there is no such name.</returns>
    public bool Change(string name)
    {
        if (!name.StartsWith(Prefix, StringComparison.Ordinal)
            || !int.TryParse(
                name.AsSpan(Prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var index)
            || index >= _rounds.Length)
        {
            return false;
        }

        lock (_gate)
        {
            _rounds[index]++;
            _view.Update(builder => builder.Set(Of(index)));
            return true;
        }
    }

    public ResourceView Open(ClientNode client, ResourceType? only) => _view;

    public void Wanted(ResourceType type, string name)
    {
    }

    public void Unwanted(ResourceType type, string name)
    {
    }

    public Resource? Missing(ResourceType type, string name) =>
        type == ResourceType.Endpoints ? Resource.EmptyEndpoints(name) : null;

    private Resource Of(int index) => Resource.Create(Assignments.Of(
        string.Create(CultureInfo.InvariantCulture, $"{Prefix}{index}"), _endpoints, _rounds[index]));
}
