using System.Buffers;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol;
using Fairlead.Rpc;
using Fairlead.TestKit;
using Fairlead.TestKit.Answers;
using Google.Protobuf;
using Xunit;
using static Fairlead.Naming.VerificationFailure;

namespace Fairlead.Naming.Tests.Protocol;

public sealed class WireTests
{
    private readonly PeerWorld _world = new();

    [Fact]
    public void Answer_WrittenAndRead_VerifiesAsBefore()
    {
        UnverifiedAnswer[] answers =
            [_world.Answer(), _world.Ask("missing.shop.svc").Negative(), _world.Ask().Denied()];
        foreach (var answer in answers)
        {
            var message = WireWriter.ToMessage(answer);
            var copy = Fairlead.Protocol.V1.Answer.Parser.ParseFrom(message.ToByteArray());
            Assert.True(WireReader.TryRead(copy, out var read, out var refusal), refusal?.ToString());
            Assert.Equal(message, WireWriter.ToMessage(read));

            var ask = _world.Ask();
            ask.Query = answer.Result == AnswerResult.Negative ? _world.Ask("missing.shop.svc").Query : ask.Query;
            Assert.IsType<Verdict.Accepted>(AnswerVerifier.Verify(_world.State, ask.Query, read, _world.Now));
        }
    }

    [Fact]
    public void Answer_WithWrongLengthsOrZeroEnums_BadEnvelope()
    {
        Refused(answer => answer.Hops[0].Genesis = ByteString.CopyFrom(new byte[31]));
        Refused(answer => answer.Hops[0].Kind = Fairlead.Protocol.V1.Kind.Unspecified);
        Refused(answer => answer.Hops[0].Kind = (Fairlead.Protocol.V1.Kind)9);
        Refused(answer => answer.Result = Fairlead.Protocol.V1.Result.Unspecified);
        Refused(answer => answer.Hops[1].Proofs[0].Proof = null);
        Refused(answer => answer.Hops[1].Proofs[0].Proof.End = Fairlead.Protocol.V1.End.Unspecified);
        Refused(answer => answer.Hops[1].Proofs[0].Leaf = ByteString.Empty);
        Refused(answer => answer.Hops[1].Proofs[0].Proof.OtherKey = ByteString.CopyFrom(new byte[33]));
        Refused(answer => answer.Hops[1].Nodes.Add(ByteString.Empty));
        Refused(answer => answer.Hops[1].Seal.Sigs[0].Kid = ByteString.Empty);
        Refused(answer => answer.Hops[1].Epochs[0].Vote = new Fairlead.Protocol.V1.Signed());
    }

    [Fact]
    public void Message_InAnySecondEncoding_BadEnvelope()
    {
        var head = new Fairlead.Protocol.V1.HeadRequest { Genesis = WireWriter.ToBytes(_world.Eu1.Genesis) };
        var bytes = head.ToByteArray();
        Assert.Equal(head, Read(bytes));

        // An unknown field, a repeated singular field, a default written out, a padded length.
        Refused(BadEnvelope, [.. bytes, 0x1A, 0x01, 0x00]);
        Refused(BadEnvelope, [.. bytes, .. bytes]);
        Refused(BadEnvelope, [.. bytes, 0x12, 0x00]);
        Refused(BadEnvelope, [0x0A, 0xA0, 0x00, .. bytes[2..]]);
        Refused(BadEnvelope, bytes[..^1]);
    }

    [Fact]
    [MaliciousInput(1, "a message over its limit: TooLarge")]
    public void Message_OverItsLimit_TooLarge()
    {
        var head = AnchorMethods.Head;
        Assert.Equal((64 * 1024, 128 * 1024), (head.MaxRequestBytes, head.MaxResponseBytes));
        Assert.Equal(
            new Refusal(TooLarge, "HeadRequest", "70000 bytes, at most 65536"),
            RpcFailures.Read(head.RequestMarshaller.TooLarge!(70_000, 65_536)));
    }

    /// <summary>Two bytes on the wire are a hundred in memory: they are counted before one is made, and a message of
    /// many that are no more than its limit allows for is read.</summary>
    [Fact]
    [MaliciousInput(143, "a message of a million small parts: TooLarge")]
    public void Message_OfTooManyParts_TooLargeBeforeAnyIsMade()
    {
        // Field 4 of a question: the epochs of its home. The last one has a tag of nine bytes, of which five count.
        byte[] longTag = [0xA2, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01];
        byte[][] epochs = [[0x22, 0x00], [0x22, 0x04, 0x12, 0x02, 0x12, 0x00], [.. longTag, 0x02, 0x12, 0x00]];
        foreach (var epoch in epochs)
        {
            byte[] bytes = [.. Enumerable.Repeat(epoch, 2_000_000 / epoch.Length).SelectMany(one => one)];
            var request = new Payload(bytes);
            var resolve = AnchorMethods.Resolve.RequestMarshaller;
            var before = GC.GetAllocatedBytesForCurrentThread();
            var failure = Assert.Throws<RpcException>(() => resolve.ContextualDeserializer(request));
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 200_000);
            Assert.Equal(
                new Refusal(TooLarge, "ResolveRequest", "more than 66560 parts"), RpcFailures.Read(failure));
        }

        var page = new Fairlead.Protocol.V1.EpochsResponse();
        var signed = new Fairlead.Protocol.V1.Signed { Payload = ByteString.CopyFrom(new byte[4_096]) };
        for (var i = 0; i < Limits.Anchors; i++)
        {
            signed.Sigs.Add(new Fairlead.Protocol.V1.Sig
            {
                Kid = ByteString.CopyFrom(new byte[32]),
                Value = ByteString.CopyFrom(new byte[64]),
            });
        }

        for (var i = 0; i < Limits.PageEpochs; i++)
        {
            page.Epochs.Add(new Fairlead.Protocol.V1.EpochDoc
            {
                Payload = ByteString.CopyFrom(new byte[Limits.EpochBytes]),
                Vote = signed,
                Consent = signed,
                RecoveryConsent = signed,
            });
        }

        var all = new Payload(page.ToByteArray());
        Assert.Equal(page, AnchorMethods.Epochs.ResponseMarshaller.ContextualDeserializer(all));
    }

    /// <summary>A byte on the wire is four in memory, or eight.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [MaliciousInput(143, "a message of a million small numbers: TooLarge")]
    public void Message_OfTooManyNumbers_TooLargeBeforeAnyIsMade(bool isLongForm)
    {
        // The siblings of a proof, as one list and each with its tag.
        byte[] siblings = isLongForm
            ? [.. Enumerable.Repeat<byte[]>([0x18, 0x00], 900_000).SelectMany(one => one)]
            : new Fairlead.Protocol.V1.Proof { Sibling = { new uint[1_900_000] } }.ToByteArray();
        var proof = Field(3, siblings);
        var resolve = AnchorMethods.Resolve.RequestMarshaller;
        var request = new Payload(Field(5, Field(6, proof)));
        var before = GC.GetAllocatedBytesForCurrentThread();
        var failure = Assert.Throws<RpcException>(() => resolve.ContextualDeserializer(request));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 200_000);
        Assert.Equal(new Refusal(TooLarge, "ResolveRequest", "more than 66560 parts"), RpcFailures.Read(failure));

        // The paths of as many proofs as a list may hold, in a tree of millions of leaves.
        var answer = WireWriter.ToMessage(_world.Answer());
        var hop = answer.Hops[1];
        for (var i = 0; i < Limits.ListItems; i++)
        {
            var some = hop.Proofs[0].Clone();
            some.Proof.Sibling.Add(Enumerable.Range(0, 32).Select(one => (uint)(i + one)));
            hop.Proofs.Add(some);
        }

        Assert.True(WireReader.TryReadAnswer(answer.ToByteArray(), out _, out var refusal), refusal?.ToString());

        static byte[] Field(int number, byte[] bytes)
        {
            using var field = new MemoryStream();
            using (var output = new CodedOutputStream(field, leaveOpen: true))
            {
                output.WriteTag(number, WireFormat.WireType.LengthDelimited);
                output.WriteBytes(ByteString.CopyFrom(bytes));
            }

            return field.ToArray();
        }
    }

    [Fact]
    public void Failure_OverTheWire_KeepsItsNamePlaceAndDetail()
    {
        foreach (var failure in Enum.GetValues<VerificationFailure>())
        {
            var refusal = new Refusal(failure, "hops[1].seal", "17 ms\nlate \u00e9");
            var exception = RpcFailures.ToException(refusal);
            Assert.Equal(refusal with { Detail = "17 ms?late ?" }, RpcFailures.Read(exception));
            Assert.NotEqual(StatusCode.OK, exception.StatusCode);
        }
    }

    [Theory]
    [InlineData("17")]
    [InlineData("sealexpired")]
    [InlineData("SealExpired ")]
    [InlineData("SealExpired,TooLarge")]
    [InlineData("NoSuchError")]
    [InlineData("")]
    public void Failure_UnknownName_IsNoRefusal(string name)
    {
        var trailers = new Metadata { { RpcFailures.FailureKey, name } };
        Assert.Null(RpcFailures.Read(new RpcException(new Status(StatusCode.Unknown, ""), trailers)));
    }

    private void Refused(Action<Fairlead.Protocol.V1.Answer> change)
    {
        var message = WireWriter.ToMessage(_world.Answer());
        change(message);
        Assert.False(WireReader.TryRead(message, out _, out var refusal));
        Assert.Equal(BadEnvelope, refusal.Failure);
    }

    private static void Refused(VerificationFailure failure, byte[] bytes)
    {
        var exception = Assert.Throws<RpcException>(() => Read(bytes));
        Assert.Equal(failure, RpcFailures.Read(exception)!.Failure);
    }

    private static Fairlead.Protocol.V1.HeadRequest Read(byte[] bytes) =>
        AnchorMethods.Head.RequestMarshaller.ContextualDeserializer(new Payload(bytes));

    private sealed class Payload(byte[] bytes) : DeserializationContext
    {
        public override int PayloadLength => bytes.Length;

        public override ReadOnlySequence<byte> PayloadAsReadOnlySequence() => new(bytes);
    }
}
