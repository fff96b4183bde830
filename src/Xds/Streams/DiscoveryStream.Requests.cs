using System.Globalization;
using Fairlead.EnvoyApi.Rpc;

namespace Fairlead.Xds.Streams;

internal abstract partial class DiscoveryStream<TRequest, TResponse>
{
    private long _nonce;

    /// <summary>The state of a type that was asked for before; null where it was not.</summary>
    protected TypeState? Known(string typeUrl) =>
        ResourceType.Find(typeUrl) is { } type && _types[type.Order] is { Requested: true } state ? state : null;

    /// <summary>The name in memory that others have it in too, as far as there is any: a thousand streams that ask for
    /// the same names hold each of them once.</summary>
    protected string Shared(TypeState state, string name) =>
        state.Subscription.Find(name) ?? Snapshot.FindName(state.Type, name) ?? name;

    /// <summary>What the request led to.</summary>
    protected IReadOnlyList<StreamEvent> Told()
    {
        IReadOnlyList<StreamEvent> told = _events ?? [];
        _events = null;
        return told;
    }

    /// <summary>The state of a known type, made at its first request; null for an unknown type, which is
    /// remembered.</summary>
    protected TypeState? StateOf(string typeUrl, bool isNaming)
    {
        if (ResourceType.Find(typeUrl) is not { } type)
        {
            (_unknown ??= new(StringComparer.Ordinal)).TryAdd(typeUrl, isNaming);
            return null;
        }

        var state = _types[type.Order] ??= new TypeState(type);
        state.Dirty |= !state.Requested;
        return state;
    }

    /// <summary>The type of a request; on a stream of one type it need not be said.</summary>
    protected string TypeUrlOf(string said) => said.Length == 0 && only is not null ? only.TypeUrl : said;

    /// <summary>What is wrong with a request, whatever its variant.</summary>
    protected StreamEvent.Failed? Check(string typeUrl, IEnumerable<string> names)
    {
        if (typeUrl.Length == 0)
        {
            return new StreamEvent.Failed(StreamRefusal.TypeMissing, "type_url is required on the aggregated stream");
        }

        if (only is not null && typeUrl != only.TypeUrl)
        {
            return new StreamEvent.Failed(StreamRefusal.TypeMismatch, $"this stream serves {only.TypeUrl} alone");
        }

        if (typeUrl.Length > Limits.TextLengthMax)
        {
            return new StreamEvent.Failed(
                StreamRefusal.NameTooLong, $"a type_url is longer than {Limits.TextLengthMax} characters");
        }

        if (names.Any(name => name.Length > Limits.NameLengthMax))
        {
            return new StreamEvent.Failed(
                StreamRefusal.NameTooLong, $"a name is longer than {Limits.NameLengthMax} characters");
        }

        var known = _unknown?.Count ?? 0;
        return ResourceType.Find(typeUrl) is null && _unknown?.ContainsKey(typeUrl) != true
            && known >= Limits.UnknownTypesMax
            ? new StreamEvent.Failed(StreamRefusal.TooManyTypes, $"{known} types that are not served")
            : null;
    }

    /// <summary>Whether these are too many names. Those of the view are not counted, nor the endpoints of its clusters:
    /// a client asks for them because it was given the clusters.</summary>
    /// <param name="typeUrl">Their type.</param>
    /// <param name="names">The names.</param>
    /// <param name="most">How many are taken.</param>
    protected StreamEvent.Failed? CheckCount(string typeUrl, IReadOnlyCollection<string> names, int most)
    {
        var count = names.Count;
        if (count > most && ResourceType.Find(typeUrl) is { } type)
        {
            var ofClusters = NamesOfClusters(type);
            count = names.Count(name => Snapshot.Find(type, name) is null && !ofClusters.Contains(name));
        }

        return count > most
            ? new StreamEvent.Failed(StreamRefusal.TooManyNames, $"{count} names, {most} allowed")
            : null;
    }

    /// <summary>The names of endpoints that the view's clusters lead to: what is known of them may be nothing yet. Of
    /// any other type none.</summary>
    protected HashSet<string> NamesOfClusters(ResourceType type) => type != ResourceType.Endpoints ? []
        : [.. Snapshot.Resources(ResourceType.Cluster).Keys,
            .. EndpointsOf(Snapshot.Resources(ResourceType.Cluster).Values)];

    /// <summary>ACK, NACK or neither. The first request of a type on a stream is neither, whatever it carries, nor is
    /// any before the first response: a client may repeat what it refused on an older one.</summary>
    protected void Correlate(TypeState state, string nonce, string version, Status? error, TimeSpan now)
    {
        var first = !state.Requested;
        state.Requested = true;
        state.AskedAt = first ? now : state.AskedAt;
        if (!state.Answered)
        {
            return;
        }

        if (error is not null)
        {
            var (refused, response) = state.Refuse(nonce, version, error.Code, error.Message, now);
            if (refused is not null)
            {
                Events.Add(new StreamEvent.Nacked(state.Type, refused));
                Isolate(state, response, refused);
            }
        }
        else if (state.Acknowledge(nonce, now) is { } taken)
        {
            Events.Add(new StreamEvent.Acked(state.Type, taken));
            TellAgain(state, taken, now);
            OnTaken(state, taken);
        }
    }

    /// <summary>The client took a response.</summary>
    protected virtual void OnTaken(TypeState state, SentResponse response)
    {
    }

    /// <summary>Of what was refused together each is tried alone.</summary>
    protected virtual void Isolate(TypeState state, SentResponse? response, Refused refused)
    {
        foreach (var one in response?.Resources.Count > 1 ? response.Resources : [])
        {
            if (ReferenceEquals(state.Sent.GetValueOrDefault(one.Name), one))
            {
                state.Forced.Add(one.Name);
                state.Looks.Add(one.Name);
                state.Dirty = true;
            }
        }
    }

    // What is left of an end counts from when it was written, and the client began to count when it read it.
    private void TellAgain(TypeState state, SentResponse response, TimeSpan now)
    {
        var ending = response.Resources.Where(static one => one.Until is not null).ToList();
        if (ending.Count == 0 || !state.IsLate(now - response.At, Limits.EndSlack))
        {
            return;
        }

        foreach (var one in ending.Where(one => ReferenceEquals(state.Sent.GetValueOrDefault(one.Name), one)))
        {
            state.Forced.Add(one.Name);
            state.Looks.Add(one.Name);
            state.Dirty = true;
        }
    }

    /// <summary>What the client's state of a type is called.</summary>
    protected virtual string VersionOf(TypeState state) => Snapshot.Versions[state.Type.Order] ?? state.Version;

    protected string NextNonce() => (++_nonce).ToString(CultureInfo.InvariantCulture);

    /// <summary>What both variants do when a request has changed what is asked for: whoever asks for everything no more
    /// keeps what it names, and the owner hears of the names.</summary>
    /// <param name="wildcard">Whether everything was asked for before.</param>
    protected void Changed(
        TypeState state, bool wildcard, IReadOnlyList<string> added, IReadOnlyList<string> removed)
    {
        if (wildcard && !state.Subscription.Wildcard)
        {
            state.ForgetAllBut(state.Subscription.Names);
        }

        if (added.Count + removed.Count > 0)
        {
            Events.Add(new StreamEvent.Names(state.Type, added, removed));
        }
    }
}
