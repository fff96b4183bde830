namespace Fairlead.Xds;

/// <summary>Bounds on what one stream may ask for and how it is served. Immutable.</summary>
public sealed record XdsLimits
{
    /// <summary>The limits that are used where none are given.</summary>
    public static XdsLimits Default { get; } = new();

    /// <summary>
    /// Names of one type that a stream may ask for beside those that its view has. One more is refused; of the state of
    /// the world, where a client repeats all of its own whenever it comes back, it is not followed, and the others are
    /// (a cluster or listener is in place of one that leads nowhere), while a list of more than four times as many ends
    /// the stream; of clusters on a delta stream, where an Envoy asks for whatever its clients write into a Host
    /// header, the oldest leaves that leads nowhere.
    /// </summary>
    public int NamesMax { get; init; } = 10_000;

    /// <summary>Collections that a stream may ask for: one more is refused.</summary>
    public int CollectionsMax { get; init; } = 16;

    /// <summary>
    /// Characters of the names of clusters together that a delta stream may ask for; where there are more, names leave
    /// as where there are too many. A client that comes back says each of its names twice, with a version, in one
    /// request, of which gRPC takes 4 MiB.
    /// </summary>
    public int NameBytesMax { get; init; } = 1 << 20;

    /// <summary>Characters of a name.</summary>
    public int NameLengthMax { get; init; } = 1_024;

    /// <summary>Characters of the URL of a type, and of each text that a client says of itself.</summary>
    public int TextLengthMax { get; init; } = 1_024;

    /// <summary>Bytes of the metadata of a client's node, which is kept as long as a stream of it: Istio's have some
    /// ten thousand.</summary>
    public int NodeMetadataBytes { get; init; } = 128 << 10;

    /// <summary>Requests that a stream may send at once beside acknowledgements; more are read at <see
    /// cref="RequestsPerSecond"/>. One of more than 16 KiB counts as several.</summary>
    public int RequestBurst { get; init; } = 10_000;

    /// <summary>How many of them are read in a second after that.</summary>
    public int RequestsPerSecond { get; init; } = 1_000;

    /// <summary>The same for all streams of a connection together, the first request of each among them: an Envoy has a
    /// stream for the endpoints of each of thousands of clusters.</summary>
    public int ConnectionBurst { get; init; } = 100_000;

    /// <summary>How many of them are read in a second after that.</summary>
    public int ConnectionRequestsPerSecond { get; init; } = 10_000;

    /// <summary>Types that are not served but remembered, per stream.</summary>
    public int UnknownTypesMax { get; init; } = 16;

    /// <summary>
    /// Bytes of resources after which a response is cut; the rest follows. gRPC takes 4 MiB. Only clusters and
    /// listeners of a state-of-the-world stream cannot be cut: a response holds all of them.
    /// </summary>
    public int ResponseBytes { get; init; } = 1 << 20;

    /// <summary>The same for endpoints, of which a response needs no others beside it: a client that comes back asks
    /// for all of its own at once, and what is written for it stays in memory until it is read.</summary>
    public int EndpointBytes { get; init; } = 1 << 15;

    /// <summary>
    /// Bytes of the largest message that a client takes: gRPC libraries take 4 MiB where nobody says otherwise. What
    /// does not fit is held back by itself, and the client keeps what it has of it.
    /// </summary>
    public int MessageBytes { get; init; } = 4 << 20;

    /// <summary>The same for an Envoy, which has no limit of its own: one that no honest state of a mesh
    /// reaches.</summary>
    public int EnvoyMessageBytes { get; init; } = 64 << 20;

    /// <summary>
    /// How long an unacknowledged response holds back the next change of its type. Envoy withholds the ACK of clusters
    /// while anything warms, so this must end.
    /// </summary>
    public TimeSpan AckWaitMax { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long the first answer of clusters or listeners waits for names that the client holds from an
    /// earlier stream and of which nothing is known yet: in the state of the world what is not in it is gone. Less than
    /// the 15 s after which a gRPC client gives up what it asks for anew.</summary>
    public TimeSpan HeldWaitMax { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a call may be open before its first request, and the longest that this one may have to wait
    /// for the rate of its connection: a call that would wait longer is refused.</summary>
    public TimeSpan FirstRequest { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long routes wait for a client to take the endpoints of clusters that are new to it: one that asks
    /// for them elsewhere never says so.</summary>
    public TimeSpan WarmWaitMax { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a client that asks for clusters on demand waits for the first answer of its stream: it asks
    /// for no second name before that.</summary>
    public TimeSpan FirstAnswer { get; init; } = TimeSpan.FromMilliseconds(900);

    /// <summary>The least time between two changes of clusters, listeners or routes; endpoints never wait.</summary>
    public TimeSpan PushInterval { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>How long a client may take to say that it has endpoints with an end: they are sent again where it took
    /// longer, since it counts from when it read what was left then.</summary>
    public TimeSpan EndSlack { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>How long a client may leave a response unread before its call is aborted.</summary>
    public TimeSpan SendTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Whether a client of deltas is told that endpoints are gone, and clusters that it asks for one by one.
    /// No Envoy bears either, so that each is emptied instead: only for harnesses that ask for the protocol's letter.
    /// </summary>
    public bool TellsEveryRemoval { get; init; }
}
