using System.Globalization;
using Fairlead.Xds.Csds;

namespace Fairlead.Xds.Streams;

/// <summary>What a stream knows about one type: what is asked for, what was sent, what the client said to it.</summary>
internal sealed class TypeState(ResourceType type)
{
    // Pieces of one answer count each, and so do the resources of one that was refused, which are tried alone.
    private const int OutstandingMax = 1_024;

    // What nobody serves any more is held by them alone.
    private const long OutstandingBytesMax = 8 << 20;
    private const int MessageMax = 4_096;

    // Of those that are tried alone more wait for the client's word on these: none of the words is to be lost.
    private const int AloneMax = OutstandingMax * 3 / 4;
    private const int LateMax = 3;

    private static readonly TimeSpan MuchLater = TimeSpan.FromSeconds(1);

    private readonly Dictionary<string, Resource> _sent = new(StringComparer.Ordinal);
    private readonly Queue<SentResponse> _outstanding = new();

    // What the changes that are held wait for, and whether the client has said something to it.
    private SentResponse? _awaited;
    private bool _isReleased;
    private UInt128 _sum;
    private string? _refusedNonce;
    private int _late;

    // What was sent in responses that are too many to be remembered, until the client has said something to a later
    // one: requests are ordered.
    private HashSet<string>? _unheard;

    // What the client refused, by name, and what it had taken of that before, until it takes or gives up a resource of
    // that name; null while that is nothing.
    private Dictionary<string, (Refused Words, Resource? Taken)>? _refused;

    // What the resources of the response that is being made take the place of; null while that is nothing.
    private List<Resource>? _replaced;

    public ResourceType Type { get; } = type;

    public Subscription Subscription { get; } = new(type);

    /// <summary>What the client holds by us: the resources of all responses less what it unsubscribed.</summary>
    public IReadOnlyDictionary<string, Resource> Sent => _sent;

    /// <summary>Names to send again although nothing about them changed.</summary>
    public NameSet Forced { get; } = new();

    /// <summary>What the client holds from an earlier stream, of which nothing was sent on this one.</summary>
    public NameSet Held { get; } = new();

    /// <summary>The collections that are answered; null while there was none.</summary>
    public HashSet<Collection>? Opened { get; set; }

    /// <summary>The clusters that stand for an answer where there was none, by name; null while there was none.
    /// </summary>
    public Dictionary<string, Resource>? Sentinels { get; set; }

    /// <summary>How many names are remembered of responses beyond those that are; for tests.</summary>
    public int Unheard => _unheard?.Count ?? 0;

    /// <summary>What the client is not sent though it asks for it.</summary>
    public Withheld Withheld { get; } = new();

    /// <summary>When the first request of this type came, or names of it were followed later.</summary>
    public TimeSpan AskedAt { get; set; }

    /// <summary>At which names to look for something to send.</summary>
    public Looks Looks { get; } = new();

    /// <summary>Whether the stream watches all names of this type.</summary>
    public bool WatchesAll { get; set; }

    /// <summary>Whether there may be something to send.</summary>
    public bool Dirty { get; set; }

    /// <summary>Whether any request of this type was seen.</summary>
    public bool Requested { get; set; }

    /// <summary>Whether any response of this type was sent.</summary>
    public bool Answered => LastNonce.Length > 0;

    public string LastNonce { get; private set; } = "";

    public TimeSpan LastSentAt { get; private set; }

    /// <summary>The version of the last response: of what the client held then, not of what it holds now that it may
    /// have asked for less.</summary>
    public string LastVersion { get; private set; } = "";

    /// <summary>When changes were sent last; null for never.</summary>
    public TimeSpan? PushedAt { get; private set; }

    /// <summary>Whether the client has not said anything to the last response.</summary>
    public bool Waiting => _outstanding.Count > 0;

    public string AckedVersion { get; private set; } = "";

    public TimeSpan? AckedAt { get; private set; }

    public Refused? Refused { get; private set; }

    /// <summary>Whether so many responses wait for the client's word that no more resources are to be tried alone.
    /// </summary>
    public bool IsFull => _outstanding.Count >= AloneMax || OutstandingBytes >= OutstandingBytesMax / 2;

    /// <summary>Bytes of the resources of the responses to which the client has said nothing, as far as they are
    /// remembered.</summary>
    public long OutstandingBytes { get; private set; }

    /// <summary>A sum over what the client holds, which is another one for other contents.</summary>
    public UInt128 Sum => _sum;

    /// <summary>The version of what the client holds: that sum, so that order does not matter.</summary>
    public string Version => _sum.ToString("x32", CultureInfo.InvariantCulture);

    /// <summary>Whether the client holds what it is to hold of a name, and has said so of all that it was sent of
    /// it.</summary>
    public bool IsTaken(string name) => _sent.ContainsKey(name) && !Forced.Contains(name)
        && _unheard?.Contains(name) != true
        && !_outstanding.Any(response => response.Resources.Any(resource => resource.Name == name));

    /// <summary>Until when changes wait for an acknowledgement; null if they need not.</summary>
    /// <remarks>They wait for what was sent when they came to wait: answers that go out meanwhile do not prolong it,
    /// else a client that always has one outstanding would never hear of a change.</remarks>
    public TimeSpan? BlockedUntil(TimeSpan now, TimeSpan ackWaitMax)
    {
        if (!Waiting)
        {
            return null;
        }

        _awaited ??= _outstanding.Last();
        return !_isReleased && now - _awaited.At < ackWaitMax ? _awaited.At + ackWaitMax : null;
    }

    /// <summary>The client no longer holds this by us; asked for again it is sent again.</summary>
    public void Forget(string name)
    {
        Forced.Remove(name);
        _refused?.Remove(name);
        _unheard?.Remove(name);
        Withheld.Remove(name);
        Held.Remove(name);
        if (_sent.Remove(name, out var old))
        {
            _sum -= old.Fingerprint;
        }
    }

    /// <summary>The client no longer holds anything by us but these.</summary>
    public void ForgetAllBut(IReadOnlySet<string> names)
    {
        foreach (var name in _sent.Keys.Where(name => !names.Contains(name)).ToList())
        {
            Forget(name);
        }
    }

    /// <summary>The client holds this of a name after all; null for nothing.</summary>
    public void Restore(string name, Resource? taken)
    {
        if (_sent.Remove(name, out var old))
        {
            _sum -= old.Fingerprint;
        }

        if (taken is not null)
        {
            _sent[name] = taken;
            _sum += taken.Fingerprint;
        }
    }

    /// <summary>What is asked for and what was sent, one by one and by name.</summary>
    public IEnumerable<ResourceStatus> Resources()
    {
        var waiting = _outstanding.SelectMany(response => response.Resources)
            .Select(resource => resource.Name).Concat(_unheard ?? []).ToHashSet(StringComparer.Ordinal);
        var names = _sent.Keys.Union(Subscription.Names, StringComparer.Ordinal)
            .Union(Withheld.Names, StringComparer.Ordinal);
        foreach (var name in names.Order(StringComparer.Ordinal))
        {
            var sent = _sent.GetValueOrDefault(name);
            var why = Withheld.ReasonOf(name);
            var held = sent;
            var words = why;
            if (_refused?.TryGetValue(name, out var refused) == true)
            {
                (words, held) = (why ?? refused.Words, refused.Taken);
            }

            var state = sent is null && why is null ? ResourceState.NotSent
                : waiting.Contains(name) && why is null ? ResourceState.Waiting
                : words is not null ? ResourceState.Refused
                : ResourceState.Taken;
            var isRefused = state == ResourceState.Refused;
            yield return new ResourceStatus(Type, name, state, isRefused ? held : sent, isRefused ? words : null)
            {
                RefusedVersion = isRefused ? Withheld.VersionOf(name) ?? sent?.Version ?? "" : "",
            };
        }
    }

    /// <summary>Whether the client holds this by us, to the same end. What it refused is sent again for a later one:
    /// a refusal is of a response, and others in that may be as good as ever.</summary>
    public bool Holds(Resource resource) => _sent.TryGetValue(resource.Name, out var sent)
        && sent.Fingerprint == resource.Fingerprint && sent.Until == resource.Until;

    /// <summary>Whether something that was refused together with others is to be sent by itself.</summary>
    public bool IsTryingAlone => _refused is { Count: > 0 } && Forced.Any(IsRefused);

    /// <summary>Whether this is to be sent by itself, since it was refused together with others.</summary>
    public bool IsTriedAlone(string name) => Forced.Contains(name) && IsRefused(name);

    /// <summary>Whether this was in a response that the client refused, and in none that it took since.</summary>
    public bool IsRefused(string name) => _refused?.ContainsKey(name) == true;

    /// <summary>
    /// Hears how long the client took to say that it has a response with ends in it, which counted from when that was
    /// written.
    /// </summary>
    /// <param name="taken">How long.</param>
    /// <param name="slack">How long it may take.</param>
    /// <returns>Whether to tell those ends again. A client that is always slower than it may be is told a few times,
    /// and from then on where it was much slower: else it would be told without end.</returns>
    public bool IsLate(TimeSpan taken, TimeSpan slack)
    {
        _late = taken <= slack ? 0 : _late + 1;
        return _late > 0 && (_late <= LateMax || taken >= MuchLater);
    }

    public void Note(Resource resource)
    {
        Forced.Remove(resource.Name);
        Held.Remove(resource.Name);
        if (_sent.TryGetValue(resource.Name, out var old))
        {
            _sum -= old.Fingerprint;
            (_replaced ??= []).Add(old);
        }

        if (_sent.Count == 0)
        {
            // As a rule all that is asked for is sent; grown step by step it would take twice the memory.
            _sent.EnsureCapacity(Subscription.Names.Count);
        }

        _sent[resource.Name] = resource;
        _sum += resource.Fingerprint;
    }

    /// <summary>Remembers a response that goes out.</summary>
    /// <param name="response">The response.</param>
    /// <param name="isPush">Whether it brings changes. One that only answers what was asked for starts no clock that
    /// changes go by: who asks often would never hear of them.</param>
    public void Record(SentResponse response, bool isPush)
    {
        LastNonce = response.Nonce;
        LastSentAt = response.At;
        LastVersion = response.Version;
        if (_replaced is { } replaced)
        {
            response.Replaced = replaced;
            _replaced = null;
        }

        if (isPush)
        {
            PushedAt = response.At;
            _awaited = null;
            _isReleased = false;
        }

        _outstanding.Enqueue(response);
        OutstandingBytes += BytesOf(response);
        while (_outstanding.Count > OutstandingMax
            || (OutstandingBytes > OutstandingBytesMax && _outstanding.Count > 1))
        {
            GiveUpOldest();
        }
    }

    /// <summary>The client's words on what it was sent are waited for no longer.</summary>
    public void GiveUp()
    {
        while (_outstanding.Count > 0)
        {
            GiveUpOldest();
        }
    }

    /// <summary>The client took the response with this nonce, and those before it.</summary>
    /// <returns>The response, or null if the nonce is not one that is outstanding.</returns>
    public SentResponse? Acknowledge(string nonce, TimeSpan now)
    {
        var response = Settle(nonce);
        if (response is not null)
        {
            AckedVersion = response.Version;
            AckedAt = now;
            Refused = null;
            foreach (var resource in _refused is { Count: > 0 } ? response.Resources : [])
            {
                _refused!.Remove(resource.Name);
            }
        }

        return response;
    }

    /// <summary>The names of what the client refused and took nothing of since, ascending.</summary>
    public IEnumerable<string> RefusedNames =>
        _refused?.Keys.Order(StringComparer.Ordinal) ?? Enumerable.Empty<string>();

    /// <summary>The client refused the response with this nonce.</summary>
    /// <returns>The refusal, or null if it was told before: some clients repeat it in every later request; and the
    /// response, where it is one that is outstanding.</returns>
    public (Refused? Words, SentResponse? Response) Refuse(
        string nonce, string version, int code, string message, TimeSpan now)
    {
        var response = Settle(nonce);
        if (response is null && nonce == _refusedNonce)
        {
            return default;
        }

        _refusedNonce = nonce;
        var text = message.Length > MessageMax ? message[..MessageMax] : message;
        Refused = new Refused(nonce, response?.Version ?? version, code, text, now);
        var before = new Dictionary<string, Resource>(StringComparer.Ordinal);
        foreach (var replaced in response?.Replaced ?? [])
        {
            before[replaced.Name] = replaced;
        }

        foreach (var resource in response?.Resources ?? [])
        {
            // What took the place of what was refused too was not taken either.
            _refused ??= new(StringComparer.Ordinal);
            _refused[resource.Name] = (Refused, _refused.TryGetValue(resource.Name, out var earlier)
                ? earlier.Taken : before.GetValueOrDefault(resource.Name));
        }

        return (Refused, response);
    }

    private SentResponse? Settle(string nonce)
    {
        if (!_outstanding.Any(response => response.Nonce == nonce))
        {
            return null;
        }

        SentResponse response;
        do
        {
            response = Dequeue();
        }
        while (response.Nonce != nonce);

        _unheard = null;
        _awaited = Waiting ? _awaited : null;
        _isReleased = _awaited is not null && !_outstanding.Contains(_awaited);

        return response;
    }

    private void GiveUpOldest() => (_unheard ??= new(StringComparer.Ordinal)).UnionWith(
        Dequeue().Resources.Select(resource => resource.Name).Where(_sent.ContainsKey));

    private SentResponse Dequeue()
    {
        var response = _outstanding.Dequeue();
        OutstandingBytes -= BytesOf(response);
        return response;
    }

    private static long BytesOf(SentResponse response)
    {
        var bytes = 0L;
        foreach (var resource in response.Resources)
        {
            bytes += resource.Framed.Length;
        }

        return bytes;
    }
}
