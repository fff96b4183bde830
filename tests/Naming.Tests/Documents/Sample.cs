using Xunit;

namespace Fairlead.Naming.Tests.Documents;

/// <summary>One document, with reading it back as its own type.</summary>
internal sealed record Sample(string Name, byte[] Payload, Func<byte[], (byte[]? Encoded, Refusal? Refusal)> Read)
{
    internal static Sample Of<T>(T value)
        where T : Document, IDocument<T> =>
        new(T.Type.Name, Document.Make(value).Payload.ToArray(), bytes =>
        {
            var good = Document.TryParse<T>(bytes, out var parsed, out var refusal);
            Assert.Equal(good, refusal is null);
            return (parsed?.Value.Encode(), refusal);
        });
}
