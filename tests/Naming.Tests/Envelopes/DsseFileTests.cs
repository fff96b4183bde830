using System.Text;
using Fairlead.TestKit;
using Xunit;

namespace Fairlead.Naming.Tests.Envelopes;

public sealed class DsseFileTests
{
    private static readonly Envelope Good = new(
        "abcde"u8.ToArray(), [new SignatureEntry(TestKeys.Key(1).Kid, new byte[64])]);

    private static readonly string Text = Encoding.ASCII.GetString(DsseFile.Write(Good, Seal.Type));

    [Fact]
    public void TryRead_OfAWrittenFile_GivesTheEnvelopeBack()
    {
        Assert.True(Read(Text, out var envelope, out _));
        Assert.Equal(Good.Payload.ToArray(), envelope!.Payload.ToArray());
        Assert.Equal(Good.Signatures[0].Kid, envelope.Signatures[0].Kid);
        Assert.Equal(new byte[64], envelope.Signatures[0].Value.ToArray());
    }

    [Fact]
    [MaliciousInput(3, "file base64 with newline / URL-safe / `AR==`: BadEnvelope")]
    public void TryRead_OfLooseBase64_IsRefused()
    {
        Refused(VerificationFailure.BadEnvelope, With("YWJj\\nZGU="));
        Refused(VerificationFailure.BadEnvelope, With("YWJj ZGU="));
        Refused(VerificationFailure.BadEnvelope, With("_-__"));
        Refused(VerificationFailure.BadEnvelope, With("AR=="));
        Refused(VerificationFailure.BadEnvelope, With("YWJjZGU"));
        Assert.True(Read(With("AQ=="), out _, out _));
    }

    [Fact]
    [MaliciousInput(4, "file: seal bytes with epoch payloadType: WrongPayloadType")]
    public void TryRead_OfAnotherType_IsRefused() =>
        Refused(VerificationFailure.WrongPayloadType, Encoding.ASCII.GetString(DsseFile.Write(Good, Epoch.Type)));

    [Fact]
    [MaliciousInput(126, "handover offered as seal: WrongPayloadType (file)")]
    public void TryRead_OfAHandoverAsSeal_IsRefused() =>
        Refused(VerificationFailure.WrongPayloadType, Encoding.ASCII.GetString(DsseFile.Write(Good, Handover.Type)));

    [Fact]
    [MaliciousInput(1, "65 KiB envelope: TooLarge")]
    public void TryRead_Of65KiB_IsTooLarge()
    {
        var large = new Envelope(new byte[65 * 1024], []);
        Refused(VerificationFailure.TooLarge, Encoding.ASCII.GetString(DsseFile.Write(large, Seal.Type)));
        Refused(VerificationFailure.TooLarge, new string(' ', DsseFile.BytesMax + 1));
    }

    [Fact]
    public void TryRead_OfAnotherShape_IsRefused()
    {
        Refused(VerificationFailure.BadEnvelope, "");
        Refused(VerificationFailure.BadEnvelope, "[]");
        Refused(VerificationFailure.BadEnvelope, "null");
        Refused(VerificationFailure.BadEnvelope, Text + "x");
        Refused(VerificationFailure.BadEnvelope, Text.Replace(
            "{\"payload\"", "{\"more\":1,\"payload\"", StringComparison.Ordinal));
        Refused(
            VerificationFailure.BadEnvelope, Text.Replace("\"keyid\":\"", "\"keyid\":\"A", StringComparison.Ordinal));
        Refused(VerificationFailure.BadEnvelope, Text.Replace("\"keyid\"", "\"keyID\"", StringComparison.Ordinal));
        Refused(VerificationFailure.BadEnvelope, Text.Replace(
            "{\"payload\"", "{\"payload\":\"\",\"payload\"", StringComparison.Ordinal));
        Refused(VerificationFailure.BadEnvelope, Text.Replace("YWJjZGU=", "\\ud800", StringComparison.Ordinal));
        Refused(VerificationFailure.BadEnvelope, "{\"payload\":\"\",\"payloadType\":\"x\",\"signatures\":[[[[[]]]]]}");
    }

    private static string With(string payload) => Text.Replace("YWJjZGU=", payload, StringComparison.Ordinal);

    private static bool Read(string text, out Envelope? envelope, out Refusal? refusal) =>
        DsseFile.TryRead(Encoding.UTF8.GetBytes(text), Seal.Type, out envelope, out refusal);

    private static void Refused(VerificationFailure failure, string text)
    {
        Assert.False(Read(text, out _, out var refusal));
        Assert.Equal(failure, refusal!.Failure);
    }
}
