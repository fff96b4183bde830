using System.Globalization;
using Fairlead.EnvoyApi.Endpoints;
using Fairlead.Xds;

namespace Fairlead.XdsHost;

/// <summary>The endpoints of <c>svc-0</c> to <c>svc-(N-1)</c>, as one view for all clients. Safe for concurrent use.
/// </summary>
internal sealed class ServiceList : IServedList, IResourceInterest
{
    private const string Prefix = "svc-";

    private readonly Lock _gate = new();
    private readonly (ClusterLoadAssignment Assignment, uint Round)[] _services;
    private readonly ResourceView _view;

    public ServiceList(int names, int endpoints)
    {
        _services =
        [
            .. Enumerable.Range(0, names).Select(i => (Assignments.Of(
                string.Create(CultureInfo.InvariantCulture, $"{Prefix}{i}"), endpoints, 0), 0U)),
        ];
        _view = new ResourceView(this);
        _view.Update(builder =>
        {
            builder.MarkPrimed();
            for (var i = 0; i < names; i++)
            {
                builder.Set(Resource.Create(_services[i].Assignment));
            }
        });
    }

    /// <summary>As the command line says.</summary>
    public static ServiceList Open(HostOptions options) => new(options.Names, options.Endpoints);

    /// <summary>Changes the weight of one endpoint of a name.</summary>
    /// <inheritdoc/>
    public bool Change(string name)
    {
        if (!name.StartsWith(Prefix, StringComparison.Ordinal)
            || !int.TryParse(
                name.AsSpan(Prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var index)
            || index >= _services.Length)
        {
            return false;
        }

        lock (_gate)
        {
            var assignment = _services[index].Assignment;
            Assignments.Turn(assignment, ++_services[index].Round);
            _view.Update(builder => builder.Set(Resource.Create(assignment)));
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

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    public Resource? Missing(ResourceType type, string name) =>
        type == ResourceType.Endpoints ? Resource.EmptyEndpoints(name) : null;
}
