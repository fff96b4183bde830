namespace Fairlead.Xds;

/// <summary>Why a stream was refused.</summary>
public enum StreamRefusal
{
    /// <summary>A request on the aggregated stream did not say which type it is about.</summary>
    TypeMissing,

    /// <summary>A request on a stream of one type was about another.</summary>
    TypeMismatch,

    /// <summary>More names of one type than a stream may ask for.</summary>
    TooManyNames,

    /// <summary>A name longer than any that is served, or a type_url.</summary>
    NameTooLong,

    /// <summary>Requests for more unknown types than are remembered.</summary>
    TooManyTypes,
}
