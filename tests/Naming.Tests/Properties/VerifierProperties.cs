using System.Buffers;
using Fairlead.Naming.Tests.Documents;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Fairlead.Rpc;
using Fairlead.TestKit.Answers;
using FsCheck;
using FsCheck.Fluent;
using Google.Protobuf;
using Xunit;

namespace Fairlead.Naming.Tests.Properties;

/// <summary>The verifier is total: whatever bytes come, it ends with a verdict, and never with another
/// record.</summary>
public sealed class VerifierProperties
{
    private readonly PeerWorld _world = new();

    private static Gen<(int At, byte Value, int Kind)[]> Damage => Gen.ArrayOf(
        from at in Gen.Choose(0, int.MaxValue)
        from value in Gen.Choose(0, 255)
        from kind in Gen.Choose(0, 3)
        select (at, (byte)value, kind));

    [Fact]
    public void Answer_OfRandomBytes_IsRefused() =>
        Property.Holds(ArbMap.Default.ArbFor<byte[]>(), bytes => Judge(bytes) is not Verdict.Accepted, runs: 1000);

    [Fact]
    public void Answer_DamagedOnTheWire_IsRefusedOrTheSame()
    {
        var honest = new ResolveResponse { Answer = WireWriter.ToMessage(_world.Answer()) }.ToByteArray();
        var digest = AnswerLeaves.DigestOf(_world.Record);
        var accepted = 0;
        Property.Holds(
            Damage,
            damage =>
            {
                var verdict = Judge(Damaged(honest, damage));
                accepted += verdict is Verdict.Accepted ? 1 : 0;
                return verdict is not Verdict.Accepted good || good.Answer.RecordDigest == digest;
            },
            runs: 2000);
        Assert.True(accepted > 0, "an empty damage leaves the answer as it is");
    }

    [Fact]
    public void Document_OfRandomBytes_IsReadAsNone() => Property.Holds(
        ArbMap.Default.ArbFor<byte[]>(),
        bytes => Samples.All.All(sample => sample.Read(bytes).Refusal is not null),
        runs: 500);

    private static byte[] Damaged(byte[] bytes, (int At, byte Value, int Kind)[] damage)
    {
        var copy = bytes.ToList();
        foreach (var (at, value, kind) in damage.Where(_ => copy.Count > 0))
        {
            var index = at % copy.Count;
            switch (kind)
            {
                case 0: copy[index] = value; break;
                case 1: copy[index] ^= (byte)(1 << (value % 8)); break;
                case 2: copy.Insert(index, value); break;
                default: copy.RemoveAt(index); break;
            }
        }

        return [.. copy];
    }

    // As an asker does: the bytes of a response, its message, the answer, the verdict. Null where the bytes are no
    // answer.
    private Verdict? Judge(byte[] bytes)
    {
        ResolveResponse response;
        try
        {
            response = AnchorMethods.Resolve.ResponseMarshaller.ContextualDeserializer(new Payload(bytes));
        }
        catch (RpcException e) when (RpcFailures.Read(e) is not null)
        {
            return null;
        }

        return response.Answer is not null && WireReader.TryRead(response.Answer, out var answer, out _)
            ? AnswerVerifier.Verify(_world.State, _world.Ask().Query, answer, _world.Now)
            : null;
    }

    private sealed class Payload(byte[] bytes) : DeserializationContext
    {
        public override int PayloadLength => bytes.Length;

        public override ReadOnlySequence<byte> PayloadAsReadOnlySequence() => new(bytes);
    }
}
