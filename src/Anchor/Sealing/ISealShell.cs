using Fairlead.Governance;

namespace Fairlead.Anchor.Sealing;

/// <summary>
/// Where the seal loop's outputs go. All calls come from the loop's task and must not block: what takes time is queued.
/// </summary>
internal interface ISealShell
{
    /// <summary>Sends to one anchor of the segment; may be lost.</summary>
    void Send(string anchor, SealMessage message);

    /// <summary>Sends to all other anchors of the segment; may be lost.</summary>
    void Broadcast(SealMessage message);

    /// <summary>A newer seal is certified: subscribers first, then the archive.</summary>
    void OnCertified(CertifiedState state);

    /// <summary>The loop ended by an error; the anchor signs nothing any more.</summary>
    void OnBroken(Exception error);
}
