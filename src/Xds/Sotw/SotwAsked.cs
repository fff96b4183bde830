namespace Fairlead.Xds.Sotw;

/// <summary>What one type of a state-of-the-world stream knows of its client beside what was sent. Not safe for
/// concurrent use.</summary>
internal sealed class SotwAsked
{
    /// <summary>The list of names of the last request; null before the first.</summary>
    public NameList? List { get; set; }

    /// <summary>Finds what the client refuses; null while it refused nothing, and where nothing keeps it from the
    /// rest.</summary>
    public Suspects? Suspects { get; set; }

    /// <summary>The version of what the client came with and nobody here knows, until it has taken a response; else
    /// null.</summary>
    public string? UnknownHeld { get; set; }

    /// <summary>The names of the last request that are not followed; null for none.</summary>
    public HashSet<string>? LeftOut { get; set; }

    /// <summary>Those of <see cref="LeftOut"/> that were followed, and led nowhere; null for none.</summary>
    public HashSet<string>? Nowhere { get; set; }

    /// <summary>When other names of the same list are followed.</summary>
    public TimeSpan FollowAt { get; set; }

    /// <summary>Whether <see cref="UnknownHeld"/> was looked through for marks.</summary>
    public bool IsResumed { get; set; }

    /// <summary>The version of what the client holds beside what it refused; null while it refused nothing.</summary>
    public Marked? Version { get; set; }

    /// <summary>A version that was made of what the client holds and of what it refused.</summary>
    internal sealed record Marked(UInt128 Sum, Resource[] Blamed, string Text);
}
