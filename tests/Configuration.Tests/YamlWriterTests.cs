using System.Text;
using Fairlead.Configuration.Yaml;
using Xunit;

namespace Fairlead.Configuration.Tests;

public sealed class YamlWriterTests
{
    [Fact]
    public void Document_Nested_IsWrittenInBlocks()
    {
        var document = YamlMapping.Of(
            ("id", "us1-a"),
            ("listen", "127.0.0.1:16443"),
            ("count", 3L),
            ("strict", true),
            ("none", new YamlSequence([])),
            ("empty", YamlMapping.Of()),
            ("subjects", new YamlSequence([YamlMapping.Of(("key", "p256:AA=="), ("account", "a")), "x"])),
            ("lists", new YamlSequence([new YamlSequence([1L, 2L])])));
        Assert.Equal(
            """
            id: us1-a
            listen: "127.0.0.1:16443"
            count: 3
            strict: true
            none: []
            empty: {}
            subjects:
              - key: "p256:AA=="
                account: a
              - x
            lists:
              - - 1
                - 2

            """,
            YamlWriter.Write(document));
    }

    [Theory]
    [InlineData("")]
    [InlineData("true")]
    [InlineData("No")]
    [InlineData("~")]
    [InlineData("012")]
    [InlineData("- x")]
    [InlineData("a: b")]
    [InlineData("a #b")]
    [InlineData(" x ")]
    [InlineData("*alias")]
    [InlineData("line\nline\r\n\ttab")]
    [InlineData("quote\"back\\slash")]
    [InlineData("\u0085\u2028\ufeff\u0001\u007f")]
    [InlineData("ü😀")]
    public void Text_Any_IsReadBackAsItWas(string text)
    {
        var written = YamlWriter.Write(YamlMapping.Of((text, text), ("other" + text, new YamlSequence([text]))));
        var reading = YamlReader.Read(Encoding.UTF8.GetBytes(written), "f.yaml");
        Assert.Null(reading.Error);
        var map = (YamlMapping)Assert.Single(reading.Documents);
        Assert.Equal(
            (text, false), (((YamlScalar)map.Find(text)!.Value).Value, ((YamlScalar)map.Find(text)!.Value).IsNull));
        Assert.Equal(text, ((YamlScalar)((YamlSequence)map.Find("other" + text)!.Value).Items[0]).Value);
    }
}
