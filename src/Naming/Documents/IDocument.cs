namespace Fairlead.Naming;

/// <summary>What every document type says of itself, so that reading, writing and hashing are written once.</summary>
/// <typeparam name="TSelf">The document type.</typeparam>
public interface IDocument<TSelf>
    where TSelf : Document, IDocument<TSelf>
{
    /// <summary>Its type.</summary>
    static abstract DocumentType Type { get; }

    /// <summary>Takes the members out of a parsed object; what is wrong is noted in the reader.</summary>
    static abstract TSelf Read(DocumentReader reader);
}
