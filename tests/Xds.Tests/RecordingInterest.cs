namespace Fairlead.Xds.Tests;

/// <summary>Remembers what a view was told; missing endpoints are answered with an empty assignment.</summary>
internal sealed class RecordingInterest : IResourceInterest
{
    private readonly List<string> _told = [];

    public IReadOnlyList<string> Told
    {
        get
        {
            lock (_told)
            {
                return [.. _told];
            }
        }
    }

    public void Wanted(ResourceType type, string name)
    {
        lock (_told)
        {
            _told.Add($"+{type} {name}");
        }
    }

    public void Unwanted(ResourceType type, string name)
    {
        lock (_told)
        {
            _told.Add($"-{type} {name}");
        }
    }

    public Resource? Missing(ResourceType type, string name)
    {
        return type == ResourceType.Endpoints ? Resource.EmptyEndpoints(name) : null;
    }
}
