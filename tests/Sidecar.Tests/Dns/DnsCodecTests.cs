using System.Text;
using Fairlead.Sidecar.Dns;

namespace Fairlead.Sidecar.Tests.Dns;

public sealed class DnsCodecTests(ITestOutputHelper output)
{
    // A query as dig sends it: id 0x1234, RD and AD, checkout.shop A IN, OPT with 1232 bytes and a cookie.
    private const string DigQuery =
        "1234 0120 0001 0000 0000 0001 08 436845636B4F7574 04 73686F70 00 0001 0001"
        + "00 0029 04D0 00 00 8000 000C 000A 0008 0102030405060708";

    [Fact]
    public void Read_AQueryOfDig_KeepsCaseAndEdns()
    {
        Assert.True(DnsReader.TryRead(Hex(DigQuery), out var message));
        Assert.Equal(0x1234, message.Header.Id);
        var question = Assert.Single(message.Questions);
        Assert.Equal("ChEckOut.shop.", question.Name.ToString());
        Assert.Equal((DnsType.A, DnsClass.IN), (question.Type, question.Class));
        Assert.Equal((ushort)1232, message.Edns!.UdpSize);
        Assert.True(message.Edns.DnssecOk);
    }

    [Fact]
    public void Write_AnAnswer_HasTheBytesOfTheRfcs()
    {
        var name = DnsName.Parse("a.b");
        var message = new DnsMessage
        {
            Header = new DnsHeader(7, 0x8580),
            Questions = [new DnsQuestion(name, DnsType.A, DnsClass.IN)],
            Answers = [DnsData.Address(name, 5, System.Net.IPAddress.Parse("127.99.1.2"))],
            Edns = new Edns(1232, 0, 0, true, [new ExtendedError(ExtendedErrorCode.Prohibited, "no")]),
        };
        var expected = "0007 8580 0001 0001 0000 0001 0161 0162 00 0001 0001"
            + "C00C 0001 0001 00000005 0004 7F630102"
            + "00 0029 04D0 00 00 8000 0008 000F 0004 0012 6E6F";
        Assert.Equal(Convert.ToHexString(Hex(expected)), Convert.ToHexString(DnsWriter.Write(message, 512)));
    }

    [Theory]
    [InlineData("a pointer to itself", "C00C")]
    [InlineData("a pointer into the header", "C000")]
    [InlineData("a reserved label type", "4161 00")]
    [InlineData("a label over the end", "3F61")]
    [InlineData("half a pointer", "C0")]
    [InlineData("no end", "0161")]
    public void Read_ANameThatIsNone_IsMalformed(string what, string name)
    {
        Assert.False(DnsReader.TryRead(Hex("0001 0100 0001 0000 0000 0000" + name), out _), what);
        Assert.False(DnsReader.TryRead(Hex("0001 0100 0001 0000 0000 0000" + name + "0001 0001"), out _), what);
    }

    [Fact]
    public void Read_APointerAhead_IsMalformed_ThoughANameIsThere()
    {
        var bytes = Hex("0001 0100 0001 0000 0000 0001 C012 0001 0001 0161 00 0001 0001 00000000 0000");
        Assert.False(DnsReader.TryRead(bytes, out _));
        bytes[13] = 0x0C; // to itself
        Assert.False(DnsReader.TryRead(bytes, out _));
    }

    [Fact]
    public void Read_ALoopOfTwoPointers_IsMalformed()
    {
        // The label at 12 is followed by a pointer to 12: backwards each time, and without an end.
        var bytes = Hex("0001 0100 0001 0000 0000 0000 0161 C00C 0001 0001");
        Assert.False(DnsReader.TryRead(bytes, out _));
    }

    [Theory]
    [InlineData("two OPT", "0001 0100 0000 0000 0000 0002 00 0029 0200 00000000 0000 00 0029 0200 00000000 0000")]
    [InlineData("OPT not at the root", "0001 0100 0000 0000 0000 0001 0161 00 0029 0200 00000000 0000")]
    [InlineData("OPT as an answer", "0001 0100 0000 0001 0000 0000 00 0029 0200 00000000 0000")]
    [InlineData("an option over the end", "0001 0100 0000 0000 0000 0001 00 0029 0200 00000000 0004 000A 0001")]
    [InlineData("bytes behind the end", "0001 0100 0000 0000 0000 0000 00")]
    [InlineData("fewer records than counted", "0001 0100 0001 0000 0000 0000")]
    public void Read_AMalformedMessage_IsRefused(string what, string bytes) =>
        Assert.False(DnsReader.TryRead(Hex(bytes), out _), what);

    [Fact]
    public void Name_OverTheLimits_IsNone()
    {
        Assert.False(DnsName.TryParse(new string('a', 64), out _));
        Assert.True(DnsName.TryParse(string.Join('.', Enumerable.Repeat("a", 127)), out _));
        Assert.False(DnsName.TryParse(string.Join('.', Enumerable.Repeat("a", 128)), out _));
        Assert.False(DnsName.TryParse("a..b", out _));
        Assert.Null(DnsName.Parse(string.Join('.', Enumerable.Repeat("a", 127))).Child("b"));
    }

    [Fact]
    public void Name_Equality_IgnoresCaseOfLettersOnly()
    {
        Assert.Equal(DnsName.Parse("a-Z.b"), DnsName.Parse("A-z.B"));
        Assert.Equal(DnsName.Parse("a-Z.b").GetHashCode(), DnsName.Parse("A-z.B").GetHashCode());
        Assert.NotEqual(DnsName.Parse("a@"), DnsName.Parse("a`")); // differ in the bit that case is
        Assert.False(DnsName.Parse("a").EqualsExactly(DnsName.Parse("A")));
    }

    [Fact]
    public void Read_RandomBytes_NeverThrows()
    {
        var random = Seeded(out var seed);
        for (var i = 0; i < 200_000; i++)
        {
            var bytes = new byte[random.Next(0, 200)];
            random.NextBytes(bytes);
            if (bytes.Length > 12)
            {
                bytes.AsSpan(4, 8).Clear();
                bytes[5 + 2 * random.Next(4)] = (byte)random.Next(4); // else counts are out of reach of all bytes
                for (var at = 12; at < bytes.Length && random.Next(3) > 0; at++)
                {
                    bytes[at] = (byte)(random.Next(4) == 0 ? 0xC0 : random.Next(16)); // names more often
                }
            }

            var read = DnsReader.TryRead(bytes, out var message);
            Assert.True(!read || message is not null, $"seed {seed}, case {i}");
        }
    }

    [Fact]
    public void Read_EveryPrefixAndFlip_OfAGoodMessage_NeverThrows()
    {
        var random = Seeded(out var seed);
        for (var i = 0; i < 300; i++)
        {
            var bytes = DnsWriter.Write(RandomMessage(random), ushort.MaxValue);
            for (var length = 0; length < bytes.Length; length++)
            {
                Assert.False(DnsReader.TryRead(bytes.AsSpan(0, length), out _), $"seed {seed}, case {i}: {length}");
            }

            for (var flip = 0; flip < 100; flip++)
            {
                var changed = (byte[])bytes.Clone();
                changed[random.Next(changed.Length)] ^= (byte)(1 << random.Next(8));
                _ = DnsReader.TryRead(changed, out _);
            }
        }
    }

    [Fact]
    public void Read_OfWhatWasWritten_IsTheSame()
    {
        var random = Seeded(out var seed);
        for (var i = 0; i < 2_000; i++)
        {
            var message = RandomMessage(random);
            Assert.True(DnsReader.TryRead(DnsWriter.Write(message, ushort.MaxValue), out var read),
                $"seed {seed}, case {i}");
            Assert.Equal(message.Header, read.Header);
            Assert.Equal(message.Questions, read.Questions);
            Assert.Equal(message.Answers, read.Answers);
            Assert.Equal(message.Authorities, read.Authorities);
            Assert.Equal(message.Additionals, read.Additionals);
            Assert.Equal(message.Edns?.Errors, read.Edns?.Errors);
            Assert.Equal(message.Rcode, read.Rcode);
        }
    }

    [Fact]
    public void Write_WithALimit_KeepsToIt_AndSaysWhatIsMissing()
    {
        var random = Seeded(out var seed);
        for (var i = 0; i < 2_000; i++)
        {
            var message = RandomMessage(random);
            var limit = random.Next(512, 1232);
            var bytes = DnsWriter.Write(message, limit);
            Assert.True(bytes.Length <= limit, $"seed {seed}, case {i}");
            Assert.True(DnsReader.TryRead(bytes, out var read), $"seed {seed}, case {i}");
            var whole = read.Answers.Count == message.Answers.Count
                && read.Authorities.Count == message.Authorities.Count;
            Assert.Equal(!whole, read.Header.IsTruncated);
            Assert.Equal(message.Answers.Take(read.Answers.Count), read.Answers);
            Assert.Equal(message.Edns is null, read.Edns is null);
        }
    }

    internal static byte[] Hex(string text) => Convert.FromHexString(text.Replace(" ", "", StringComparison.Ordinal));

    private Random Seeded(out int seed)
    {
        seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        return new Random(seed);
    }

    private static DnsMessage RandomMessage(Random random)
    {
        var names = Enumerable.Range(0, 4).Select(_ => RandomName(random)).ToArray();
        return new DnsMessage
        {
            Header = new DnsHeader((ushort)random.Next(0x10000), (ushort)(random.Next(0x10000) & ~DnsHeader.Truncated)),
            Questions = [new DnsQuestion(names[0], (DnsType)random.Next(1, 40), (DnsClass)random.Next(1, 5))],
            Answers = Records(),
            Authorities = Records(),
            Additionals = Records(),
            Edns = random.Next(2) == 0 ? null : new Edns(
                1232,
                (byte)random.Next(256),
                0,
                random.Next(2) == 0,
                [new ExtendedError((ExtendedErrorCode)random.Next(30), "why")]),
        };

        DnsRecord[] Records() => [.. Enumerable.Range(0, random.Next(6)).Select(_ => new DnsRecord(
            names[random.Next(names.Length)], (DnsType)random.Next(50, 70), DnsClass.IN, (uint)random.Next(), Data()))];

        byte[] Data()
        {
            var data = new byte[random.Next(200)]; // some messages do not fit 512 bytes
            random.NextBytes(data);
            return data;
        }
    }

    private static DnsName RandomName(Random random)
    {
        var suffix = new[] { "us1.internal", "Shop.svc.us1.internal", "x" }[random.Next(3)];
        var front = new StringBuilder();
        for (var i = random.Next(3); i > 0; i--)
        {
            front.Append((char)random.Next('a', 'e')).Append((char)(random.Next(2) == 0 ? '\x80' : 'Z')).Append('.');
        }

        return DnsName.Parse(front + suffix);
    }
}
