namespace Fairlead.Rpc;

/// <summary>Is told how a message comes, by its reader; one call at a time.</summary>
internal interface IMessageWatch
{
    /// <summary>Something of a message is there, and the rest is waited for.</summary>
    void IsPart();

    /// <summary>A message is read in pieces, and another piece is waited for.</summary>
    void IsPiece();

    /// <summary>The message is whole.</summary>
    /// <param name="bytes">How much is held of it.</param>
    void IsWhole(long bytes);
}
