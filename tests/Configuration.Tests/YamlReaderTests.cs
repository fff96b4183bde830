using System.Text;
using Fairlead.Configuration.Yaml;
using Xunit;

namespace Fairlead.Configuration.Tests;

public sealed class YamlReaderTests
{
    [Fact]
    public void Documents_Several_AreReadWithTheirLines()
    {
        var documents = ReadAll("---\nkind: Service\nspec:\n  ports:\n    - port: 80\n---\n---\nkind: B\n...\n");
        Assert.Equal(2, documents.Count);
        var port = ((YamlSequence)Map(Map(documents[0]).Find("spec")!.Value).Find("ports")!.Value).Items[0];
        Assert.Equal((5, 7), (port.Line, port.Column));
        Assert.Equal(8, Map(documents[1]).Find("kind")!.Value.Line);
    }

    [Fact]
    public void Scalars_AreKeptAsWritten()
    {
        var map = Map(
            ReadAll("a: 012\nb: \"012\"\nc: ~\nd: \"\"\ne: |\n  x\n  y\nf: !!str 1\ng: null\n\"h\": 'null'\n")[0]);
        Assert.Equal(("012", true), Scalar(map, "a"));
        Assert.Equal(("012", false), Scalar(map, "b"));
        Assert.Equal(("", false), Scalar(map, "d"));
        Assert.Equal(("x\ny\n", false), Scalar(map, "e"));
        Assert.Equal(("1", false), Scalar(map, "f"));
        Assert.Equal(
            [true, false, true, false],
            new[] { "c", "d", "g", "h" }.Select(key => ((YamlScalar)map.Find(key)!.Value).IsNull));
    }

    [Theory]
    [InlineData("")]
    [InlineData("---\n")]
    [InlineData("# only a comment\n")]
    [InlineData("---\n~\n---\n")]
    public void Documents_WithoutContent_AreLeftOut(string yaml) => Assert.Empty(ReadAll(yaml));

    [Theory]
    [InlineData("a: 1\nb: 2\na: 3\n", ConfigurationErrorKind.DuplicateKey, 3)]
    [InlineData("a: 1\n\"\\u0061\": 3\n", ConfigurationErrorKind.DuplicateKey, 2)]
    [InlineData("{a: 1, a: 1}", ConfigurationErrorKind.DuplicateKey, 1)]
    [InlineData("a: &x 1\nb: *x\n", ConfigurationErrorKind.Unsupported, 2)]
    [InlineData("a: !!binary aGk=\n", ConfigurationErrorKind.Unsupported, 1)]
    [InlineData("a: !include /etc/passwd\n", ConfigurationErrorKind.Unsupported, 1)]
    [InlineData("? [a]\n: b\n", ConfigurationErrorKind.Unsupported, 1)]
    [InlineData("a:\n\tb: 1\n", ConfigurationErrorKind.Syntax, 2)]
    [InlineData("a:\n  b: 1\n \t c: 1\n", ConfigurationErrorKind.Syntax, 3)]
    [InlineData("a: 1\n b: 2\n", ConfigurationErrorKind.Syntax, 2)]
    [InlineData("a: [1, 2\n", ConfigurationErrorKind.Syntax, 2)]
    [InlineData("a: \"x\n", ConfigurationErrorKind.Syntax, 1)]
    [InlineData("a: @x\n", ConfigurationErrorKind.Syntax, 1)]
    [InlineData("%YAML 99999999999999.1\n---\na: 1\n", ConfigurationErrorKind.Syntax, 1)]
    [InlineData("a: 1\nb: \0 2\n", ConfigurationErrorKind.BadText, 2)]
    [InlineData("a: 1\u001b[2J\n", ConfigurationErrorKind.BadText, 1)]
    public void Input_Refused_HasItsNameAndLine(string yaml, ConfigurationErrorKind kind, int line)
    {
        var reading = YamlReader.Read(Encoding.UTF8.GetBytes(yaml), "f.yaml");
        Assert.Empty(reading.Documents);
        Assert.Equal((kind, line), (reading.Error!.Kind, reading.Error.Line));
        Assert.NotEmpty(reading.Error.Remedy);
    }

    [Theory]
    [InlineData(new byte[] { 0x61, 0x0a, 0x62, 0xff, 0x0a }, 2)]
    [InlineData(new byte[] { 0xc0, 0xaf }, 1)]
    [InlineData(new byte[] { 0xed, 0xa0, 0x80 }, 1)]
    [InlineData(new byte[] { 0x0a, 0xe2, 0x82 }, 2)]
    [InlineData(new byte[] { 0xff, 0xfe, 0x61, 0x00 }, 1)]
    public void Bytes_NotUtf8_AreRefused(byte[] bytes, int line)
    {
        var error = YamlReader.Read(bytes, "f.yaml").Error!;
        Assert.Equal((ConfigurationErrorKind.BadText, line), (error.Kind, error.Line));
    }

    [Fact]
    public void Bytes_WithByteOrderMark_AreRead() => Assert.Single(ReadAll("\uFEFFa: 1\n"));

    [Fact]
    public void Depth_AtTheLimit_IsReadAndOneMoreIsRefused()
    {
        Assert.Null(Read(new string('[', 32) + new string(']', 32)).Error);
        Assert.Equal(ConfigurationErrorKind.TooDeep, Read(new string('[', 33) + new string(']', 33)).Error!.Kind);
    }

    [Theory]
    [InlineData("[")]
    [InlineData("{a: ")]
    [InlineData("- ")]
    [InlineData("? ")]
    [InlineData("[{a: [")]
    [InlineData("{? ")]
    public void Depth_Endless_IsRefusedWithoutDeepStack(string opening)
    {
        var yaml = string.Concat(Enumerable.Repeat(opening, 1_000_000 / opening.Length));
        ConfigurationError? error = null;
        // 256 KiB of stack: recursion by depth would end the process.
        var thread = new Thread(() => error = Read(yaml).Error, 1 << 18);
        thread.Start();
        Assert.True(thread.Join(TimeSpan.FromSeconds(20)), "reading took more than 20 s");
        Assert.True(error!.Kind is ConfigurationErrorKind.TooDeep or ConfigurationErrorKind.Syntax, error.ToString());
    }

    [Fact]
    public void Aliases_BillionLaughs_AreRefusedAtTheFirst()
    {
        var yaml = "a: &a [x,x,x,x]\nb: &b [*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b]\nd: [*c,*c,*c,*c]\n";
        var error = Read(yaml).Error!;
        Assert.Equal((ConfigurationErrorKind.Unsupported, 2), (error.Kind, error.Line));
    }

    [Fact]
    public void Sizes_BeyondTheLimits_AreRefused()
    {
        var limits = new YamlLimits { BytesMax = 100, NodesMax = 5, ScalarMax = 10 };
        Assert.Equal(ConfigurationErrorKind.TooLarge, Read(new string(' ', 101), limits).Error!.Kind);
        Assert.Equal(ConfigurationErrorKind.TooLarge, Read("a: " + new string('x', 11), limits).Error!.Kind);
        Assert.Null(Read("a: " + new string('x', 10), limits).Error);
        Assert.Null(Read("[1, 2, 3, 4]", limits).Error);
        Assert.Equal(ConfigurationErrorKind.TooLarge, Read("[1, 2, 3, 4, 5]", limits).Error!.Kind);
        Assert.Equal(
            ConfigurationErrorKind.TooLarge, Read("--- 1\n--- 2\n--- 3\n--- 4\n--- 5\n--- 6\n", limits).Error!.Kind);
    }

    [Fact]
    public void Messages_ForHostileKeys_AreShortAndOfOneLine()
    {
        var key = "\"\\u001b[31m\\n\\u202e" + new string('x', 1000) + "\"";
        var text = Read($"{key}: 1\n{key}: 2\n").Error!.ToString();
        Assert.True(text.Length < 200, text);
        Assert.DoesNotContain(text, letter => char.IsControl(letter) || letter == '\u202e');
    }

    /// <summary>Mutated texts: whatever they hold, an answer comes and it is one of the two kinds.</summary>
    [Fact]
    public void Bytes_Mutated_NeverThrow()
    {
        const int Seed = 20261124;
        var random = new Random(Seed);
        const string Signs = "-:?[]{},#&*!|>'\"%@` \n\t\\~ax0";
        for (var round = 0; round < 3000; round++)
        {
            var text = new StringBuilder("a: [b, {c: 'd'}]\ne: |\n  f\ng:\n  - h: \"i\\n\"\n");
            for (var change = random.Next(1, 12); change > 0; change--)
            {
                text.Insert(random.Next(text.Length), Signs[random.Next(Signs.Length)]);
            }

            var reading = Read(text.ToString());
            Assert.True(reading.Error is null || reading.Documents.Count == 0, $"seed {Seed}, round {round}: {text}");
        }
    }

    private static YamlReading Read(string yaml, YamlLimits? limits = null) =>
        YamlReader.Read(Encoding.UTF8.GetBytes(yaml), "f.yaml", limits);

    private static IReadOnlyList<YamlNode> ReadAll(string yaml)
    {
        var reading = Read(yaml);
        Assert.Null(reading.Error);
        return reading.Documents;
    }

    private static YamlMapping Map(YamlNode node) => (YamlMapping)node;

    private static (string Value, bool IsPlain) Scalar(YamlMapping map, string key)
    {
        var scalar = (YamlScalar)map.Find(key)!.Value;
        return (scalar.Value, scalar.IsPlain);
    }
}
