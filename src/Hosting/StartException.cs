namespace Fairlead.Hosting;

/// <summary>
/// A program cannot start. The message is for the operator: it names the file, line or address, and the remedy.
/// </summary>
public sealed class StartException : Exception
{
    /// <summary>An exception with what the operator reads.</summary>
    /// <param name="message">What is wrong, where, and what to do about it.</param>
    /// <param name="inner">What it comes from.</param>
    public StartException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
