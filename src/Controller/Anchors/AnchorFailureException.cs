namespace Fairlead.Controller.Anchors;

/// <summary>An anchor could not be reached, proved to be another, or refused a call as a whole. The message names its
/// address and the reason.</summary>
internal sealed class AnchorFailureException(string message, Exception? inner = null) : Exception(message, inner);
