namespace Fairlead.Naming;

/// <summary>What a leaf of the tree is: the byte hashed before its name (4.0).</summary>
public enum LeafClass
{
    /// <summary>A service; by service part.</summary>
    Record = 0x01,

    /// <summary>An entry that was taken back; by decimal class, <c>/</c>, name.</summary>
    Withdrawn = 0x02,

    /// <summary>A child segment; by where it stands.</summary>
    Link = 0x03,

    /// <summary>A peer; by its full name.</summary>
    Peer = 0x04,

    /// <summary>A name under clusterset.local; by service part.</summary>
    Set = 0x05,

    /// <summary>Certificates; by trust domain.</summary>
    Bundle = 0x06,

    /// <summary>A rule; by id.</summary>
    Rule = 0x07,

    /// <summary>A publisher's right; by kid in hex.</summary>
    Credential = 0x08,

    /// <summary>A hold; by where it stands.</summary>
    Tombstone = 0x09,

    /// <summary>A record that moves; by service part.</summary>
    Redirect = 0x0a,

    /// <summary>Another segment's seal; by genesis in hex.</summary>
    Witness = 0x0b,

    /// <summary>A way into a network; by network.</summary>
    Gateway = 0x0c,

    /// <summary>What a segment may name; by genesis in hex.</summary>
    Scope = 0x0d,
}
