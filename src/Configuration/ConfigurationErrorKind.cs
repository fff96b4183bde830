namespace Fairlead.Configuration;

/// <summary>Why a configuration was refused. Closed: every refusal of this library has one of these names.</summary>
public enum ConfigurationErrorKind
{
    /// <summary>The file cannot be read.</summary>
    Unreadable,

    /// <summary>More bytes, nodes or documents than the limits allow, or a scalar that is too long.</summary>
    TooLarge,

    /// <summary>Nested deeper than the limits allow.</summary>
    TooDeep,

    /// <summary>Not UTF-8, or a control character that YAML forbids.</summary>
    BadText,

    /// <summary>Not YAML.</summary>
    Syntax,

    /// <summary>YAML that this library does not take: aliases, tags beyond the core ones, keys that are no scalars.
    /// </summary>
    Unsupported,

    /// <summary>A mapping holds the same key twice.</summary>
    DuplicateKey,

    /// <summary>A key that nothing asks for.</summary>
    UnknownKey,

    /// <summary>A key that must be there and is not.</summary>
    MissingKey,

    /// <summary>A value of another shape or form than expected.</summary>
    WrongType,

    /// <summary>A value of the right form outside its bounds.</summary>
    OutOfRange,

    /// <summary>A value that the program refuses for a reason of its own.</summary>
    Refused,
}
