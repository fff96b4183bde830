using System.Collections.Immutable;
using System.Text;
using Fairlead.Naming.Traversal;
using Fairlead.TestKit;
using Fairlead.TestKit.Answers;
using Xunit;
using static Fairlead.Naming.VerificationFailure;

namespace Fairlead.Naming.Tests.Traversal;

public sealed class SavedAnswerTests
{
    private readonly PeerWorld _world = new();

    [Fact]
    public void File_WrittenAndRead_VerifiesFromTheGenesisAlone()
    {
        var file = SavedAnswerFile.Write(Save());

        Assert.True(SavedAnswerFile.TryRead(file, out var saved, out var refusal), refusal?.ToString());
        var accepted = Answers.Accepted(saved.Verify(_world.Eu1.Genesis, saved.Time));
        Assert.Equal(Outcome.Record, accepted.Answer.Outcome);
        Assert.Equal("checkout.shop.svc.us1.internal", accepted.Answer.Name.Text);
        Assert.Equal(file, SavedAnswerFile.Write(saved));
    }

    [Fact]
    public void Verify_AtTheTimeItWasTaken_GivesTheSameTtl()
    {
        var ask = _world.Ask();
        var answer = Answers.Accepted(AnswerVerifier.Verify(_world.State, ask.Query, _world.Answer(), _world.Now))
            .Answer;
        var saved = Save();
        var again = Answers.Accepted(saved.Verify(_world.Eu1.Genesis, saved.Time)).Answer;

        Assert.Equal(answer.Ttl.At(_world.Now).Bound, again.Ttl.At(_world.Now).Bound);

        // A verifier that held nothing used 5 s as tolerance; the offline one learns the home's 1 s from its chain
        // first.
        Assert.Equal(answer.Ttl.At(_world.Now).Remaining + 4000, again.Ttl.At(_world.Now).Remaining);
    }

    [Fact]
    public void Verify_AnotherGenesis_IsRefused() => Answers.Refused(
        QueryMismatch, Save().Verify(_world.Us1.Genesis, _world.Now));

    [Fact]
    public void Verify_LaterThanItsSeal_SealExpired() => Answers.Refused(
        SealExpired, Save().Verify(_world.Eu1.Genesis, _world.Now + 60_000));

    [Fact]
    [MaliciousInput(3, "file base64 with newline / URL-safe / AR==: BadEnvelope")]
    public void File_LaxBase64_BadEnvelope()
    {
        var text = Encoding.UTF8.GetString(SavedAnswerFile.Write(Save()));
        var payload = Convert.ToBase64String(_world.Us1.SealEnvelope.Payload.Span);
        var sig = Convert.ToBase64String(_world.Us1.SealEnvelope.Signatures[0].Value.Span);
        Assert.EndsWith("==", sig, StringComparison.Ordinal);
        Refused(BadEnvelope, text.Replace(payload, payload[..4] + "\\n" + payload[4..], StringComparison.Ordinal));
        Refused(BadEnvelope, text.Replace(sig, "--" + sig[2..], StringComparison.Ordinal));
        var last = sig[^3];
        var loose = (char)(last + 1);
        Refused(BadEnvelope, text.Replace(sig, $"{sig[..^3]}{loose}==", StringComparison.Ordinal));
    }

    [Fact]
    [MaliciousInput(4, "file: seal bytes with epoch payloadType: WrongPayloadType")]
    public void File_SealAsEpoch_WrongPayloadType() => Refused(
        WrongPayloadType,
        Encoding.UTF8.GetString(SavedAnswerFile.Write(Save()))
            .Replace(Seal.Type.MediaType, Epoch.Type.MediaType, StringComparison.Ordinal));

    [Fact]
    [MaliciousInput(126, "handover offered as seal: WrongPayloadType")]
    public void File_HandoverAsSeal_WrongPayloadType() => Refused(
        WrongPayloadType,
        Encoding.UTF8.GetString(SavedAnswerFile.Write(Save()))
            .Replace(Seal.Type.MediaType, Handover.Type.MediaType, StringComparison.Ordinal));

    [Theory]
    [InlineData("\"result\": \"record\"", "\"result\": \"sure\"")]
    [InlineData("\"result\": \"record\"", "\"result\": \"record\", \"result\": \"record\"")]
    [InlineData("\"result\": \"record\"", "\"result\": \"record\", \"more\": 1")]
    [InlineData("\"result\": \"record\"", "\"result\": null")]
    [InlineData("\"kind\": \"home\"", "\"kind\": \"\\ud800\"")]
    [InlineData("saved-answer/1", "saved-answer/2")]
    [InlineData("\"class\": 1", "\"class\": 99")]
    [InlineData("\"end\": \"leaf\"", "\"end\": \"other\"")]
    public void File_OtherThanItsForm_BadEnvelope(string was, string becomes)
    {
        var text = Encoding.UTF8.GetString(SavedAnswerFile.Write(Save()));
        Assert.Contains(was, text, StringComparison.Ordinal);
        Refused(BadEnvelope, text.Replace(was, becomes, StringComparison.Ordinal));
    }

    [Fact]
    public void File_MutatedAnywhere_NeverThrowsAndNeverVerifiesOtherwise()
    {
        const int Seed = 20261124;
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {Seed}");
        var random = new Random(Seed);
        var file = SavedAnswerFile.Write(Save());
        for (var i = 0; i < 300; i++)
        {
            var changed = (byte[])file.Clone();
            changed[random.Next(changed.Length)] = (byte)random.Next(0x20, 0x7F);
            if (SavedAnswerFile.TryRead(changed, out var saved, out _)
                && saved.Verify(_world.Eu1.Genesis, _world.Now) is Verdict.Accepted accepted)
            {
                Assert.Equal(AnswerLeaves.DigestOf(_world.Record), accepted.Answer.RecordDigest);
            }
        }
    }

    /// <summary>An honest answer to somebody else says nothing of the set that this consumer asked for.</summary>
    [Fact]
    public void Member_OfAnotherHomeSubjectOrRule_IsNone()
    {
        var set = Save();
        Answers.Accepted(set.VerifyMember(Save(), _world.Eu1.Genesis, _world.Now));
        var query = set.Query.Value;
        Refused("its home is called eu2.internal", Save() with { HomeName = SegmentName.Parse("eu2.internal") });
        Refused("the set's home", Save() with { Query = Document.Make(query with { Home = _world.Us1.Genesis }) });
        Refused("the subject", Save() with
        {
            Query = Document.Make(query with { Subject = Digest.Sha256("another"u8) }),
        });
        Refused("loopback", Save() with { UnsafeAllowLoopbackEndpoints = true });

        void Refused(string part, SavedAnswer member)
        {
            var refusal = Answers.Refused(QueryMismatch, set.VerifyMember(member, _world.Eu1.Genesis, _world.Now));
            Assert.Contains(part, refusal.Detail, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Members_AreKeptAndReadBack_AndNoneHasItsOwn()
    {
        var file = SavedAnswerFile.Write(Save() with { Members = [Save(), Save()] });
        Assert.True(SavedAnswerFile.TryRead(file, out var saved, out var refusal), refusal?.ToString());
        Assert.Equal(file, SavedAnswerFile.Write(saved));
        Assert.All(saved.Members, member =>
            Assert.IsType<Verdict.Accepted>(member.Verify(_world.Eu1.Genesis, _world.Now)));

        var nested = SavedAnswerFile.Write(Save() with { Members = [Save() with { Members = [Save()] }] });
        Assert.False(SavedAnswerFile.TryRead(nested, out _, out refusal));
        Assert.Equal((VerificationFailure.BadEnvelope, "file.members[0]"), (refusal.Failure, refusal.Where));
    }

    private SavedAnswer Save()
    {
        var ask = _world.Ask();
        var raw = _world.Answer();
        var answer = Answers.Accepted(AnswerVerifier.Verify(_world.State, ask.Query, raw, _world.Now)).Answer;
        return SavedAnswer.Of(answer, raw, new Dictionary<Digest, ImmutableArray<EpochDocument>>
        {
            [_world.Eu1.Genesis] = [.. _world.Eu1.Documents],
            [_world.Us1.Genesis] = [.. _world.Us1.Documents],
        });
    }

    private static void Refused(VerificationFailure failure, string text)
    {
        Assert.False(SavedAnswerFile.TryRead(Encoding.UTF8.GetBytes(text), out _, out var refusal));
        Assert.Equal(failure, refusal.Failure);
    }
}
