namespace Fairlead.Controller.Publishing;

/// <summary>Cuts what goes to one anchor into calls. Pure.</summary>
internal static class Calls
{
    /// <summary>The calls that carry <paramref name="batch"/>, in its order.</summary>
    /// <param name="anchor">The anchor.</param>
    /// <param name="batch">What goes there.</param>
    /// <param name="options">How much a call may carry; what is larger goes alone.</param>
    public static IEnumerable<Send> Of(int anchor, IReadOnlyList<Publication> batch, PublisherOptions options)
    {
        var call = new List<Publication>();
        var bytes = 0;
        foreach (var publication in batch)
        {
            var size = publication.Entry.Size;
            if (call.Count > 0 && (call.Count == options.CallEntriesMax || bytes + size > options.CallBytesMax))
            {
                yield return new(anchor, call);
                call = [];
                bytes = 0;
            }

            call.Add(publication);
            bytes += size;
        }

        yield return new(anchor, call);
    }
}
