using System.Text;
using System.Text.Json;
using Fairlead.TestKit;
using Xunit;

namespace Fairlead.Naming.Tests.Documents;

public sealed class DocumentTests(ITestOutputHelper output)
{
    private static readonly string[] Types =
    [
        "attest", "bundle", "consent", "credential", "epoch", "gateway", "grant", "handover", "head", "link",
        "manifest",
        "peer", "query", "record", "redirect", "rule", "scope", "seal", "set", "slice", "tombstone", "transfer", "vote",
        "withdraw", "withdrawn", "witness",
    ];

    [Fact]
    public void Samples_CoverEveryDocumentType()
    {
        var implemented = typeof(Document).Assembly.GetTypes()
            .Where(type => type.IsSubclassOf(typeof(Document)) && !type.IsAbstract)
            .Select(type => type.Name.ToLowerInvariant())
            .Order(StringComparer.Ordinal);
        Assert.Equal(Types, implemented);
        Assert.Equal(Types, Samples.All.Select(sample => sample.Name).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Parse_OfEverySample_EncodesToTheSameBytes() => Assert.All(Samples.All, sample =>
    {
        var (encoded, refusal) = sample.Read(sample.Payload);
        Assert.Null(refusal);
        Assert.Equal(sample.Payload, encoded);
    });

    /// <summary>Nothing sorts members when they are written: each type writes them in ordinal order.</summary>
    [Fact]
    public void Members_OfEveryType_AscendOrdinally() => Assert.All(Samples.All, sample =>
    {
        using var json = JsonDocument.Parse(sample.Payload);
        AssertAscending(json.RootElement);
    });

    [Fact]
    public void Parse_WithoutAnyOneMember_IsRefusedOrAnotherDocument() => Assert.All(Samples.All, sample =>
    {
        using var json = JsonDocument.Parse(sample.Payload);
        foreach (var left in json.RootElement.EnumerateObject().Select(member => member.Name))
        {
            var rest = json.RootElement.EnumerateObject().Where(member => member.Name != left);
            var text = "{" + string.Join(
                ',', rest.Select(member => $"\"{member.Name}\":{member.Value.GetRawText()}")) + "}";
            var (encoded, refusal) = sample.Read(Encoding.ASCII.GetBytes(text));
            Assert.True(refusal is not null
                || Encoding.ASCII.GetString(encoded!) == text, $"{sample.Name} without {left}");
        }
    });

    [Fact]
    [MaliciousInput(6, "extra space, reordered or unknown member: NonCanonicalPayload")]
    public void Parse_OfAnyTypeWithSpaceOrUnknownMember_IsRefused() => Assert.All(Samples.All, sample =>
    {
        var text = Encoding.ASCII.GetString(sample.Payload);
        Refused(sample, text.Insert(1, " "));
        Refused(sample, text + "\n");
        Refused(sample, text[..^1] + ",\"zz\":1}");
        Refused(sample, "{\"a\":1," + text[1..]);
    });

    /// <summary>Whatever a flipped, lost or added byte makes of a document, the reader ends, and what it accepts is
    /// what it would write.</summary>
    [Fact]
    public void Parse_OfMutations_AcceptsOnlyWhatItWouldWrite()
    {
        const int Seed = 20260711;
        output.WriteLine($"seed {Seed}");
        var random = new Random(Seed);
        var accepted = 0;
        foreach (var sample in Samples.All.Where(sample => sample.Payload.Length < 4096))
        {
            for (var i = 0; i < 400; i++)
            {
                var bytes = Mutate(random, sample.Payload);
                var (encoded, refusal) = sample.Read(bytes);
                if (refusal is null)
                {
                    accepted++;
                    Assert.Equal(bytes, encoded);
                }
            }
        }

        output.WriteLine($"{accepted} mutations made another document");
        Assert.True(accepted > 0);
    }

    [Fact]
    public void Digest_OfTwoTypes_DiffersForEqualBytes()
    {
        var bytes = "{\"a\":1}"u8;
        Assert.NotEqual(Seal.Type.DigestOf(bytes), Handover.Type.DigestOf(bytes));
    }

    private static void Refused(Sample sample, string text) =>
        Assert.Equal(
            VerificationFailure.NonCanonicalPayload, sample.Read(Encoding.ASCII.GetBytes(text)).Refusal?.Failure);

    private static byte[] Mutate(Random random, byte[] payload)
    {
        var bytes = payload.ToList();
        var at = random.Next(bytes.Count);
        switch (random.Next(4))
        {
            case 0:
                bytes[at] ^= (byte)(1 << random.Next(8));
                break;
            case 1:
                bytes.RemoveAt(at);
                break;
            case 2:
                bytes.Insert(at, bytes[random.Next(bytes.Count)]);
                break;
            default:
                bytes[at] = (byte)"0123456789abcdef\"{}[],: "[random.Next(23)];
                break;
        }

        return [.. bytes];
    }

    private static void AssertAscending(JsonElement element)
    {
        if (element.ValueKind == JsonValueKind.Array)
        {
            foreach (var item in element.EnumerateArray())
            {
                AssertAscending(item);
            }
        }

        if (element.ValueKind == JsonValueKind.Object)
        {
            var names = element.EnumerateObject().Select(member => member.Name).ToList();
            Assert.Equal(names.Order(StringComparer.Ordinal), names);
            foreach (var member in element.EnumerateObject())
            {
                AssertAscending(member.Value);
            }
        }
    }
}
