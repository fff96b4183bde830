using Fairlead.Naming;
using Fairlead.Protocol.V1;
using Query = Fairlead.Naming.Query;

namespace Fairlead.Liar;

/// <summary>
/// Says nothing false, and from one SIGHUP to the next nothing at all: connections stay open, and no answer comes.
/// Where a file <c>withheld</c> is beside the configuration then, it keeps to itself only what concerns the names in
/// it.
/// </summary>
internal sealed class WithholdLie(string folder) : Lie
{
    private HashSet<string>? _names;

    internal override bool IsSilence => true;

    internal override void Turn()
    {
        var file = Path.Combine(folder, "withheld");
        Volatile.Write(ref _names, File.Exists(file) ? [.. File.ReadAllLines(file)] : null);
    }

    internal override bool Withholds(Answer? answer) => Volatile.Read(ref _names) is not { } names
        || (answer is not null && Document.TryParse<Query>(answer.Query.Memory, out var query, out _)
            && names.Contains(query.Value.Name.Text));

    internal override void Tell(Answer answer)
    {
    }
}
