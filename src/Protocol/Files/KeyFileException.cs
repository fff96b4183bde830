namespace Fairlead.Protocol.Files;

/// <summary>A key file that cannot be used; the message names the file and the remedy, and holds nothing of the
/// key.</summary>
public sealed class KeyFileException(string message, Exception? inner = null) : Exception(message, inner);
