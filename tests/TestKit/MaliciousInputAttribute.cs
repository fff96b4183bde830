namespace Fairlead.TestKit;

/// <summary>
/// Marks the test of one numbered malicious input: a count over the repository tells which numbers have none.
/// </summary>
/// <param name="number">The input's number in the table.</param>
/// <param name="what">The input and its error, as in <c>257 levels: BadProof</c>.</param>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
public sealed class MaliciousInputAttribute(int number, string what) : Attribute
{
    /// <summary>The input's number.</summary>
    public int Number { get; } = number;

    /// <summary>The input and its error.</summary>
    public string What { get; } = what;
}
