using System.Security.Cryptography;
using Fairlead.Controller.Publishing;
using Fairlead.Naming;

namespace Fairlead.Controller.Documents;

/// <summary>Makes records, Sets, bundles, gateways and withdrawals and signs them with the publisher's key.
/// Thread-safe.</summary>
internal sealed class DocumentMaker(ISigner signer) : IDocumentMaker
{
    /// <inheritdoc/>
    public Hex16 DrawUid() => Draw();

    /// <inheritdoc/>
    public SignedEntry Sign(Plan plan) => plan.Content switch
    {
        RecordContent content => new(Record.Type.Name, Signed(RecordOf(plan, content)), content.Slices),
        SetContent content => new(Set.Type.Name, Signed(SetOf(plan, content)), []),
        BundleContent content => new(Bundle.Type.Name, Signed(BundleOf(plan, content)), []),
        GatewayContent content => new(Gateway.Type.Name, Signed(GatewayOf(plan, content)), []),
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

    private static Bundle BundleOf(Plan plan, BundleContent content) => content.Template with
    {
        Expires = plan.Expires,
        Issued = plan.Issued,
        Opening = Draw(),
        Version = plan.Version,
    };

    private static Gateway GatewayOf(Plan plan, GatewayContent content) => content.Template with
    {
        Expires = plan.Expires,
        Issued = plan.Issued,
        Opening = Draw(),
        Version = plan.Version,
    };

    private Withdraw WithdrawOf(Plan plan) => new()
    {
        Class = (long)EntryKey.Parse(plan.Name).Class,
        Expires = plan.Expires,
        Issued = plan.Issued,
        Name = EntryKey.Parse(plan.Name).Name,
        Opening = Draw(),
        Publisher = signer.Key.Kid,

        // A record alone has one (V45).
        Uid = EntryKey.Parse(plan.Name).Class == LeafClass.Record ? plan.Uid : null,
        Version = plan.Version,
    };

    private Envelope Signed<T>(T document)
        where T : Document, IDocument<T> => Envelope.Sign(Document.Make(document), signer);
}
