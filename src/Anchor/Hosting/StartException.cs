namespace Fairlead.Anchor.Hosting;

/// <summary>The anchor cannot start; the message says what is wrong and what to do about it.</summary>
internal sealed class StartException(string message, Exception? inner = null) : Exception(message, inner);
