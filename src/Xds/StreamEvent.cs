namespace Fairlead.Xds;

/// <summary>What a request told about a stream.</summary>
internal abstract record StreamEvent
{
    private StreamEvent()
    {
    }

    /// <summary>The client asks for other names than before.</summary>
    internal sealed record Names(ResourceType Type, IReadOnlyList<string> Added, IReadOnlyList<string> Removed)
        : StreamEvent;

    /// <summary>The client took a response, and with it any of the same type before.</summary>
    internal sealed record Acked(ResourceType Type, SentResponse Response) : StreamEvent;

    /// <summary>The client refused a response; told once per response.</summary>
    internal sealed record Nacked(ResourceType Type, Refused Refused) : StreamEvent;

    /// <summary>The client is not sent this though it asks for it; told once per content.</summary>
    internal sealed record Withheld(Resource Resource, Refused Reason) : StreamEvent;

    /// <summary>So many of what the client asks for, or holds from before, are not followed; the others are.</summary>
    internal sealed record LeftOut(ResourceType Type, StreamRefusal Refusal, int Count) : StreamEvent;

    /// <summary>The stream must end with this; nothing was changed.</summary>
    internal sealed record Failed(StreamRefusal Refusal, string Detail) : StreamEvent;
}
