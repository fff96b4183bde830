using Fairlead.Controller.Publishing;
using Fairlead.Naming;

namespace Fairlead.Controller.Documents;

/// <summary>
/// A record with everything that changes from version to version (uid, version, times, opening) set to zero: the rest
/// decides whether two are the same. Immutable.
/// </summary>
internal sealed record RecordContent : Content
{
    private RecordContent(Record template, IReadOnlyList<ReadOnlyMemory<byte>> slices)
        : base(template.Name.Text, Document.Make(template).Digest)
    {
        Template = template;
        Slices = slices;
    }

    /// <summary>The record with zeros.</summary>
    public Record Template { get; }

    /// <summary>The slices that it names, in its order; none where only their digests are known, because anchors
    /// claim the record.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Slices { get; }

    /// <summary>Of how many EndpointSlices it was made; 0 where anchors say what is published.</summary>
    public int EndpointSlices { get; init; }

    /// <inheritdoc/>
    /// <remarks>A slice holds endpoints of one EndpointSlice: fewer of both may be a file that was not read, and what
    /// an EndpointSlice lists that was read, be it nothing, is as it should be.</remarks>
    public override bool IsShortOf(Content published) =>
        published is RecordContent { Template.Slices.Length: var slices }
        && Math.Max(Template.Slices.Length, EndpointSlices) < slices;

    /// <summary>The content of <paramref name="record"/>.</summary>
    public static RecordContent Of(Record record, IReadOnlyList<ReadOnlyMemory<byte>> slices)
    {
        var template = record with { Expires = 0, Issued = 0, Opening = default, Uid = default, Version = 0 };
        return new(template, slices);
    }
}
