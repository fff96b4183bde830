namespace Fairlead.Sidecar.Hosting;

/// <summary>The sidecar cannot start; the message says what is wrong and what to do about it.</summary>
internal sealed class StartException(string message, Exception? inner = null) : Exception(message, inner);
