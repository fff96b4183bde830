using Fairlead.Naming;

namespace Fairlead.Resolver.State;

/// <summary>Why durable state cannot be used.</summary>
public enum StateError
{
    /// <summary>The state cannot be made durable: the folder is read-only, full or gone (trust V39). Nothing that was
    /// to be stored may be used.</summary>
    StateNotDurable,

    /// <summary>The file's content does not match its check: it was damaged or edited. It is left as it is.</summary>
    StateCorrupt,

    /// <summary>The content exceeds the limit of the file.</summary>
    TooLarge,

    /// <summary>The log beside the file is gone, or its head is damaged: the state may be older than the one that was
    /// used. It is used as floors, once fresh heads were heard (trust V41).</summary>
    LogLost,
}

/// <summary>Durable state cannot be read or written; <see cref="Error"/> names why.</summary>
public sealed class StateException : Exception
{
    /// <summary>An exception of <paramref name="error"/>, with what a person needs in <paramref name="detail"/>.
    /// </summary>
    public StateException(StateError error, string detail, Exception? inner = null)
        : base($"{error}: {detail}", inner) => (Error, Detail) = (error, detail);

    /// <summary>The named error.</summary>
    public StateError Error { get; }

    /// <summary>What the message says beside the error's name.</summary>
    public string Detail { get; }

    /// <summary>The refusal of what cannot be remembered because of it.</summary>
    /// <param name="where">What was to be remembered.</param>
    public Refusal Refuse(string where) =>
        new(VerificationFailure.StateNotDurable, where, Error == StateError.StateNotDurable ? Detail : Message);

    /// <summary>The failure of the closed set that the error is, or null for a damaged file.</summary>
    public VerificationFailure? Failure => Error switch
    {
        StateError.StateNotDurable => VerificationFailure.StateNotDurable,
        StateError.TooLarge => VerificationFailure.TooLarge,
        _ => null,
    };
}
