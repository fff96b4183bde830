namespace Fairlead.Configuration;

/// <summary>Turns a text into a value; false where it is none. Must not throw for any text.</summary>
/// <typeparam name="T">The value's type.</typeparam>
public delegate bool TryParse<T>(string text, out T value);
