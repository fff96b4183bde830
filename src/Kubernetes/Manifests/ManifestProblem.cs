namespace Fairlead.Kubernetes.Manifests;

/// <summary>
/// What is wrong with a manifest, and what to do about it. Data, not an exception: a bad manifest is an input like any
/// other. Immutable.
/// </summary>
/// <param name="Location">The file and line that the remedy applies to.</param>
/// <param name="Message">One sentence: what was found, what is allowed, and the remedy.</param>
public sealed record ManifestProblem(ManifestLocation Location, string Message)
{
    /// <summary><c>file:line: message</c>.</summary>
    public override string ToString() => $"{Location}: {Message}";
}
