namespace Fairlead.Kubernetes.Manifests;

/// <summary>Collects the problems of one file, up to a bound, so that one look at the log is enough to mend
/// it.</summary>
internal sealed class ProblemList(string file)
{
    private const int ProblemsMax = 100;
    private readonly List<ManifestProblem> _problems = [];

    /// <summary>What was collected.</summary>
    public IReadOnlyList<ManifestProblem> Problems => _problems;

    /// <summary>Adds one; what exceeds the bound is counted out.</summary>
    public void Add(int line, string message)
    {
        if (_problems.Count < ProblemsMax)
        {
            _problems.Add(new(new(file, line), message));
        }
    }

    /// <summary>The place of <paramref name="line"/> in this file.</summary>
    public ManifestLocation At(int line) => new(file, line);
}
