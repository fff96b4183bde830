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

    /// <summary>Whether endpoints of which nothing is known are said to be none.</summary>
    public bool AnswersMissing { get; set; } = true;

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
        return AnswersMissing && type == ResourceType.Endpoints ? Resource.EmptyEndpoints(name) : null;
    }
}
