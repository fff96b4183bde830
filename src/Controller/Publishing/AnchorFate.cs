namespace Fairlead.Controller.Publishing;

/// <summary>How far a document got at one anchor.</summary>
internal enum AnchorFate
{
    /// <summary>On its way.</summary>
    Sent,

    /// <summary>Checked and gossiped.</summary>
    Accepted,

    /// <summary>Under a certified seal.</summary>
    Sealed,

    /// <summary>Turned down with a named error.</summary>
    Refused,
}
