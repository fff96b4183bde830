using Fairlead.Resolver.State;

namespace Fairlead.Resolver.Tests.State;

/// <summary>Reads and writes files of kept answers as whoever may write to the folder can.</summary>
internal static class KeptAnswers
{
    internal static KeptAnswer Read(string path, string name) =>
        KeptAnswer.TryRead(new DurableFile(path).Load()!, name, out var kept, out var error)
            ? kept
            : throw new InvalidOperationException(error);

    internal static void Write(string path, KeptAnswer kept) => new DurableFile(path).Save(kept.Write());
}
