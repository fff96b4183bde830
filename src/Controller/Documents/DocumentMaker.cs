using Fairlead.Controller.Publishing;
using Fairlead.Naming;

namespace Fairlead.Controller.Documents;

/// <summary>Makes records, Sets, bundles, gateways and withdrawals and signs them with the publisher's key.
/// Thread-safe where the source of randomness is.</summary>
/// <param name="signer">The publisher's key.</param>
/// <param name="fillRandom">Fills uids and openings. An opening hides the document behind its digest, so it must be as
/// unguessable as a key.</param>
internal sealed class DocumentMaker(ISigner signer, Action<Span<byte>> fillRandom) : IDocumentMaker
{
    /// <inheritdoc/>
    public Hex16 DrawUid() => Draw();

    /// <inheritdoc/>
    public SignedEntry Sign(Plan plan) => plan.Content switch
    {
        RecordContent content => new(
            Record.Type.Name, Signed(Dated(plan, content.Template) with { Uid = plan.Uid }), content.Slices),
        LeafContent<Set> content => Sign(plan, content),
        LeafContent<Bundle> content => Sign(plan, content),
        LeafContent<Gateway> content => Sign(plan, content),
        _ => new(Withdraw.Type.Name, Signed(WithdrawOf(plan)), []),
    };

    private Hex16 Draw() => Hex16.Draw(fillRandom);

    private SignedEntry Sign<T>(Plan plan, LeafContent<T> content)
        where T : PublishedLeaf, IDocument<T> => new(T.Type.Name, Signed(Dated(plan, content.Template)), []);

    private T Dated<T>(Plan plan, T template)
        where T : PublishedLeaf => (T)((PublishedLeaf)template with
        {
            Expires = plan.Expires,
            Issued = plan.Issued,
            Opening = Draw(),
            Version = plan.Version,
        });

    private Withdraw WithdrawOf(Plan plan)
    {
        var key = EntryKey.Parse(plan.Name);
        return new Withdraw
        {
            Class = (long)key.Class,
            Expires = plan.Expires,
            Issued = plan.Issued,
            Name = key.Name,
            Opening = Draw(),
            Publisher = signer.Key.Kid,

            // A record alone has one (V45).
            Uid = key.Class == LeafClass.Record ? plan.Uid : null,
            Version = plan.Version,
        };
    }

    private Envelope Signed<T>(T document)
        where T : Document, IDocument<T> => Envelope.Sign(Document.Make(document), signer);
}
