namespace Fairlead.Naming;

/// <summary>The operations that make epochs (4.4).</summary>
public static class OpType
{
    /// <summary>Issues or revokes Credentials.</summary>
    public const string Credential = "credential";

    /// <summary>Ends a child's Link.</summary>
    public const string Evict = "evict";

    /// <summary>Makes a segment.</summary>
    public const string Genesis = "genesis";

    /// <summary>Links children, or takes an uplink.</summary>
    public const string Join = "join";

    /// <summary>Gives up an uplink or a Link.</summary>
    public const string Leave = "leave";

    /// <summary>Moves a record.</summary>
    public const string Migrate = "migrate";

    /// <summary>Takes a peer.</summary>
    public const string Peer = "peer";

    /// <summary>Changes policy, Rules and Scopes.</summary>
    public const string Policy = "policy";

    /// <summary>By recovery keys.</summary>
    public const string Recover = "recover";

    /// <summary>Prolongs.</summary>
    public const string Renew = "renew";

    /// <summary>Changes anchors, quorum or recovery keys.</summary>
    public const string Rotate = "rotate";

    /// <summary>Gives names to a new child.</summary>
    public const string Split = "split";

    /// <summary>Ends a peer.</summary>
    public const string Unpeer = "unpeer";

    /// <summary>Those that a policy's <c>auto</c> may name; renewals are prepared so whether it does or not.</summary>
    public static IReadOnlyList<string> Automatic { get; } = [Credential, Join, Peer, Policy, Renew];

    internal static string[] All =>
        [Credential, Evict, Genesis, Join, Leave, Migrate, Peer, Policy, Recover, Renew, Rotate, Split, Unpeer];
}
