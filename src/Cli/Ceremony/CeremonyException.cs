namespace Fairlead.Cli.Ceremony;

/// <summary>What was to be made would be refused by everyone who checks it; the message says by which check.</summary>
internal sealed class CeremonyException(string message) : Exception(message);
