namespace Fairlead.Cli.Operating;

/// <summary>What every <c>propose</c> takes. Immutable.</summary>
/// <param name="Socket">The anchor's operator socket.</param>
/// <param name="IsDryRun">Whether nothing is proposed.</param>
/// <param name="IsJson">Whether the output is JSON.</param>
internal sealed record ProposeOptions(string Socket, bool IsDryRun, bool IsJson);
