using System.Security.Cryptography;
using Fairlead.Controller.Publishing;
using Fairlead.Naming;

namespace Fairlead.Controller.Documents;

/// <summary>Makes records, Sets and withdrawals and signs them with the publisher's key. Thread-safe.</summary>
internal sealed class DocumentMaker(ISigner signer) : IDocumentMaker
{
    /// <inheritdoc/>
    public Hex16 DrawUid() => Draw();

    /// <inheritdoc/>
    public SignedEntry Sign(Plan plan) => plan.Content switch
    {
        RecordContent content => new(Record.Type.Name, Signed(RecordOf(plan, content)), content.Slices),
        SetContent content => new(Set.Type.Name, Signed(SetOf(plan, content)), []),
        _ => new(Withdraw.Type.Name, Signed(WithdrawOf(plan)), []),
    };

    // The opening hides the document behind its digest, so it must be as unguessable as a key.
    private static Hex16 Draw()
    {
        Span<byte> bytes = stackalloc byte[Hex16.Size];
        RandomNumberGenerator.Fill(bytes);
        return Hex16.FromBytes(bytes);
    }

    private static Record RecordOf(Plan plan, RecordContent content) => content.Template with
    {
        Expires = plan.Expires,
        Issued = plan.Issued,
        Opening = Draw(),
        Uid = plan.Uid,
        Version = plan.Version,
    };

    private static Set SetOf(Plan plan, SetContent content) => content.Template with
    {
        Expires = plan.Expires,
        Issued = plan.Issued,
        Opening = Draw(),
        Version = plan.Version,
    };

    private Withdraw WithdrawOf(Plan plan)
    {
        var isSet = SetContent.TryService(plan.Name, out var service);
        return new()
        {
            Class = (long)(isSet ? LeafClass.Set : LeafClass.Record),
            Expires = plan.Expires,
            Issued = plan.Issued,
            Name = service ?? plan.Name,
            Opening = Draw(),
            Publisher = signer.Key.Kid,
            Uid = isSet ? null : plan.Uid,
            Version = plan.Version,
        };
    }

    private Envelope Signed<T>(T document)
        where T : Document, IDocument<T> => Envelope.Sign(Document.Make(document), signer);
}
