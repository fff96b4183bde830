namespace Fairlead.Hosting;

/// <summary>How a program writes its log: <c>log.format</c>.</summary>
public enum LogFormat
{
    /// <summary>A line for people.</summary>
    Text,

    /// <summary>One JSON object on each line.</summary>
    Json,
}
