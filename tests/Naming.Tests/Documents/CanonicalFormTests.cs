using System.Globalization;
using System.Text;
using Fairlead.TestKit;
using Xunit;

namespace Fairlead.Naming.Tests.Documents;

/// <summary>V1, V3 and V56 on the text of a Consent and of an epoch.</summary>
public sealed class CanonicalFormTests
{
    private const string Hex = "1111111111111111111111111111111111111111111111111111111111111111";

    private static readonly string Good = Text(2);

    [Fact]
    public void Parse_OfTheCanonicalText_Passes() => Assert.Null(Parse(Good));

    [Theory]
    [MaliciousInput(5, "duplicate member (also via escape): NonCanonicalPayload")]
    [InlineData("\"epoch\":2,", "\"epoch\":2,\"epoch\":2,")]
    [InlineData("\"epoch\":2,", "\"\\u0065poch\":2,\"epoch\":2,")]
    [InlineData("\"epoch\":2,", "\"epoch\":2,\"\\u0065poch\":2,")]
    public void Parse_OfADuplicateMember_IsRefused(string old, string now) =>
        Refused(Good.Replace(old, now, StringComparison.Ordinal));

    [Fact]
    [MaliciousInput(6, "reordered member: NonCanonicalPayload")]
    public void Parse_OfReorderedMembers_IsRefused() =>
        Refused($$"""{"epoch":2,"digest":"{{Hex}}","segment":"{{Hex}}"}""");

    [Theory]
    [MaliciousInput(102, "quote, backslash, 0x7F, non-ASCII in a string: NonCanonicalPayload")]
    [InlineData("\\\"")]
    [InlineData("\\\\")]
    [InlineData("\u007f")]
    [InlineData("é")]
    [InlineData("\u0000")]
    [InlineData("\n")]
    public void Parse_OfAForbiddenCharacter_IsRefused(string text) => Refused(WithExt(text));

    [Theory]
    [MaliciousInput(103, "2^53, null, empty list, 0-length string: NonCanonicalPayload")]
    [InlineData("9007199254740992")]
    [InlineData("99999999999999999999999999")]
    [InlineData("null")]
    [InlineData("true")]
    [InlineData("01")]
    [InlineData("-0")]
    [InlineData("-1")]
    [InlineData("+1")]
    [InlineData("1.0")]
    [InlineData("1e3")]
    [InlineData("\"1\"")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("")]
    public void Parse_OfNoInteger_IsRefused(string value) =>
        Refused(Good.Replace("\"epoch\":2", $"\"epoch\":{value}", StringComparison.Ordinal));

    [Theory]
    [MaliciousInput(103, "empty list, 0-length string, empty object: NonCanonicalPayload")]
    [InlineData("\"ext\":{},")]
    [InlineData("\"ext\":{\"a\":\"\"},")]
    [InlineData("\"ext\":[],")]
    [InlineData("\"ext\":null,")]
    public void Parse_OfSomethingEmpty_IsRefused(string member) =>
        Refused(Good.Replace("\"segment\"", member + "\"segment\"", StringComparison.Ordinal));

    [Fact]
    public void Parse_OfTheLargestInteger_Passes() => Assert.Null(Parse(Text(Limits.IntegerMax)));

    [Fact]
    [MaliciousInput(2, "JSON depth 17: TooLarge")]
    public void Parse_OfDepth17_IsTooLarge()
    {
        Assert.Equal(VerificationFailure.TooLarge, Parse(Nested(17)));
        Assert.Equal(VerificationFailure.NonCanonicalPayload, Parse(Nested(16)));
    }

    [Fact]
    public void Parse_OfALongList_IsTooLarge() => Assert.Equal(
        VerificationFailure.TooLarge,
        Parse("{\"a\":[" + string.Join(',', Enumerable.Repeat("1", Limits.ListItems + 1)) + "]}"));

    [Fact]
    [MaliciousInput(1, "65 KiB envelope: TooLarge")]
    public void Parse_Of65KiB_IsTooLarge() =>
        Assert.Equal(VerificationFailure.TooLarge, Parse(new string('{', 65 * 1024)));

    [Fact]
    public void Parse_OfALongString_IsRefused()
    {
        Assert.Null(Parse(WithExt(new string('x', Limits.StringBytes))));
        Refused(WithExt(new string('x', Limits.StringBytes + 1)));
    }

    [Fact]
    [MaliciousInput(104, "unknown crit: CriticalExtension")]
    public void Parse_OfAnUnknownCriticalExtension_IsRefused() => Assert.Equal(
        VerificationFailure.CriticalExtension,
        Parse($$$"""{"crit":["a"],"digest":"{{{Hex}}}","epoch":2,"ext":{"a":"b"},"segment":"{{{Hex}}}"}"""));

    [Fact]
    public void Parse_OfCritWithoutItsExt_IsRefused() =>
        Refused($$"""{"crit":["a"],"digest":"{{Hex}}","epoch":2,"segment":"{{Hex}}"}""");

    [Fact]
    public void Parse_OfAnUnknownExtension_KeepsIt()
    {
        var bytes = Encoding.ASCII.GetBytes(WithExt("kept"));
        Assert.True(Document.TryParse<Consent>(bytes, out var parsed, out _));
        Assert.Equal("kept", parsed.Value.Ext["a"]);
        Assert.Equal(bytes, parsed.Value.Encode());
    }

    [Theory]
    [MaliciousInput(105, "min_verifier 2: VerifierTooOld")]
    [InlineData("\"min_verifier\":2")]
    [InlineData("\"min_verifier\":2,\"new_member\":[{\"of\":\"version 2\"}]")]
    public void Parse_OfANewerEpoch_SaysSoBeforeItJudgesMembers(string members)
    {
        var epoch = new TestSegment().Epochs[0].Value with { MinVerifier = 1 };
        var text = Encoding.ASCII.GetString(epoch.Encode());
        Assert.Equal(VerificationFailure.VerifierTooOld, ParseAs<Epoch>(
            text.Replace("\"min_verifier\":1", members, StringComparison.Ordinal)));
    }

    [Fact]
    [MaliciousInput(126, "handover offered as seal: NonCanonicalPayload (wire)")]
    public void Parse_OfAHandoverAsSeal_IsRefused()
    {
        var handover = Samples.All.Single(sample => sample.Name == "handover").Payload;
        Assert.False(Document.TryParse<Seal>(handover, out _, out var refusal));
        Assert.Equal(VerificationFailure.NonCanonicalPayload, refusal.Failure);
    }

    /// <summary>What no verifier could use is refused where it is read, long before it is sealed.</summary>
    [Theory]
    [InlineData("scope", "10.0.0.0/8", "10.1.0.0/8", VerificationFailure.BadAddress)]
    [InlineData("scope", "a.example", "A.example", VerificationFailure.NonCanonicalPayload)]
    [InlineData("scope", "a.example", "spiffe://a.example", VerificationFailure.NonCanonicalPayload)]
    [InlineData("rule", "\"segment\":\"*\"", "\"segment\":\"eu1.internal\"", VerificationFailure.NonCanonicalPayload)]
    public void Parse_OfALeafThatNoVerifierCouldUse_IsRefused(
        string type, string part, string other, VerificationFailure expected)
    {
        var sample = Samples.All.Single(one => one.Name == type);
        var text = Encoding.ASCII.GetString(sample.Payload);
        Assert.Contains(part, text, StringComparison.Ordinal);
        var (_, refusal) = sample.Read(Encoding.ASCII.GetBytes(text.Replace(part, other, StringComparison.Ordinal)));
        Assert.Equal(expected, refusal?.Failure);
    }

    private static void Refused(string text) => Assert.Equal(VerificationFailure.NonCanonicalPayload, Parse(text));

    private static VerificationFailure? Parse(string text) => ParseAs<Consent>(text);

    private static VerificationFailure? ParseAs<T>(string text)
        where T : Document, IDocument<T> =>
        Document.TryParse<T>(Encoding.UTF8.GetBytes(text), out _, out var refusal) ? null : refusal.Failure;

    private static string Text(long epoch) => string.Create(
        CultureInfo.InvariantCulture, $$"""{"digest":"{{Hex}}","epoch":{{epoch}},"segment":"{{Hex}}"}""");

    private static string WithExt(string value) =>
        $$$"""{"digest":"{{{Hex}}}","epoch":2,"ext":{"a":"{{{value}}}"},"segment":"{{{Hex}}}"}""";

    private static string Nested(int depth) =>
        string.Concat(Enumerable.Repeat("{\"a\":", depth - 1)) + "{\"a\":1}" + new string('}', depth - 1);
}
