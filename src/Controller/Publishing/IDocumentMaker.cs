using Fairlead.Naming;

namespace Fairlead.Controller.Publishing;

/// <summary>Draws uids and signs documents: all that an engine needs a key and randomness for.</summary>
internal interface IDocumentMaker
{
    /// <summary>A uid that nobody can guess.</summary>
    Hex16 DrawUid();

    /// <summary>Signs what <paramref name="plan"/> says.</summary>
    SignedEntry Sign(Plan plan);
}
