namespace Fairlead.Naming.Traversal;

/// <summary>What a newer epoch of a segment does to an answer that was verified under an older one (trust
/// 4.7).</summary>
public enum EpochEffect
{
    /// <summary>Nothing on its path changed: it stays, and picks the epoch up when it is renewed anyway.</summary>
    None,

    /// <summary>What introduced the target changed, or an anchor that decided is excluded (V38): it stays, and is
    /// renewed now.</summary>
    Renew,

    /// <summary>Policy, anchors, quorum or trust domains of the home or the target changed, or maybe what the home
    /// admits of the target (V53, V54): it needs a new proof, and soon.</summary>
    Recertify,

    /// <summary>The two sides of a hop no longer agree to it, or the quorum of the home or of the target contradicted
    /// itself (V38): it ends now.</summary>
    Ends,
}
