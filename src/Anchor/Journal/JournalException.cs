using Fairlead.Naming;

namespace Fairlead.Anchor.Journal;

/// <summary>Why a journal refuses. In every case its key must not sign.</summary>
internal enum JournalError
{
    /// <summary>The file is missing, damaged before its tail, of another key or segment, or exists where a new one was
    /// to begin (trust V43). The key never signs again.</summary>
    JournalConflict,

    /// <summary>Another process holds the file.</summary>
    JournalLocked,

    /// <summary>The file has reached its size limit; start a new one at a certified seal.</summary>
    JournalFull,

    /// <summary>The disk refused to read or write. After a write that failed the file has to be opened anew.</summary>
    JournalUnavailable,
}

/// <summary>A journal refused; <see cref="Error"/> names why.</summary>
internal sealed class JournalException(JournalError error, string detail, Exception? inner = null)
    : Exception($"{error}: {detail}", inner)
{
    /// <summary>The named error.</summary>
    public JournalError Error { get; } = error;

    /// <summary>The failure of the closed set that the error is, or null where it is only of this machine.</summary>
    public VerificationFailure? Failure =>
        Error == JournalError.JournalConflict ? VerificationFailure.JournalConflict : null;
}
