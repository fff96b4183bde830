namespace Fairlead.Naming;

/// <summary>Why an input was refused: data, not an exception. Immutable, thread-safe.</summary>
/// <param name="Failure">The first check that failed.</param>
/// <param name="Where">The part of the input it failed at, such as <c>seal</c> or <c>epoch.anchors[2].gov</c>.</param>
/// <param name="Detail">What was expected and found; never a secret. For people, not for programs.</param>
public sealed record Refusal(VerificationFailure Failure, string Where, string Detail)
{
    /// <summary>What proves a misuse of a key to others, where this refusal found such a proof (V38).</summary>
    public ReadOnlyMemory<byte> Evidence { get; init; }

    /// <summary>Whether it is this verifier that cannot take one name more: neither whoever answered nor the other
    /// names have a part in it.</summary>
    public bool IsOfNameAlone { get; init; }

    /// <summary>Whether somebody else refused with a word that is not known here, and <see cref="Failure"/> stands in
    /// for it.</summary>
    public bool IsUnknownWord { get; init; }

    /// <summary>Whether a check of this program failed here, and not what it checks.</summary>
    public bool IsUnforeseen { get; private init; }

    /// <summary>What an input is refused with whose check failed in a way that nobody foresaw: it ends nothing but
    /// itself, and says which bug it met.</summary>
    /// <param name="where">The part of the input.</param>
    /// <param name="error">The exception.</param>
    public static Refusal Unforeseen(string where, Exception error)
    {
        ArgumentNullException.ThrowIfNull(error);
        return new Refusal(VerificationFailure.BadEnvelope, where, $"{error.GetType().Name}: {error.Message}")
        {
            IsUnforeseen = true,
        };
    }

    /// <summary>This refusal, seen from the object that holds the refused part.</summary>
    /// <param name="outer">Where that object stands.</param>
    public Refusal At(string outer) => this with { Where = Where.Length == 0 ? outer : $"{outer}.{Where}" };

    /// <summary>Place and detail, for whoever is told already who speaks: the place only where it says more.</summary>
    /// <param name="speaker">What was named already; may be empty.</param>
    public string DetailFor(string speaker) =>
        Where.Length == 0 || Where == speaker ? Detail : $"{Where}: {Detail}";

    /// <inheritdoc/>
    public override string ToString() => $"{Failure} at {Where}: {Detail}";
}
