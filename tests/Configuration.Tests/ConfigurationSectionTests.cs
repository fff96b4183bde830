using System.Net;
using System.Text;
using Xunit;

namespace Fairlead.Configuration.Tests;

public sealed class ConfigurationSectionTests
{
    private const string Sample = """
        id: us1-a
        listen: 127.0.0.1:16443
        names: [a.b, "c.d"]
        anchors:
          - 127.0.0.1:1
          - "[::1]:2"
        policy:
          seal_validity: 1m30s
          hops: 9
          strict: true
          mode: single-host
        subjects:
          - {key: k1, namespace: shop}
          - {key: k2, namespace: pay}
        """;

    private enum Mode
    {
        SingleHost,
        ManyHosts,
    }

    [Fact]
    public void Values_AllRight_AreRead()
    {
        var file = Parse(Sample);
        var root = file.Root;
        Assert.Equal("us1-a", root.Text("id"));
        Assert.Equal(new IPEndPoint(IPAddress.Loopback, 16443), root.Endpoint("listen"));
        Assert.Equal(["a.b", "c.d"], root.Texts("names"));
        Assert.Equal(new IPEndPoint(IPAddress.IPv6Loopback, 2), root.Endpoints("anchors")[1]);
        var policy = root.Section("policy");
        Assert.Equal(TimeSpan.FromSeconds(90), policy.Duration("seal_validity", TimeSpan.Zero, TimeSpan.FromHours(1)));
        Assert.Equal(9, policy.Integer("hops", 1, 9));
        Assert.True(policy.Flag("strict"));
        Assert.Equal(Mode.SingleHost, policy.OneOf<Mode>("mode"));
        Assert.Equal(["k1", "k2"], root.Sections("subjects").Select(subject => subject.Text("key")));
        Assert.Equal("shop", root.Sections("subjects")[0].Text("namespace"));
        var bare = Assert.Throws<ConfigurationException>(file.ThrowIfInvalid);
        Assert.Equal("sample.yaml:14: `subjects[1].namespace` is unknown; known here: key", bare.Message);
    }

    [Fact]
    public void Values_Absent_AnswerTheirFallbacks()
    {
        var file = Parse("a: ~\n");
        var root = file.Root;
        Assert.Equal("x", root.Text("a", "x"));
        Assert.Null(root.OptionalText("b"));
        Assert.Null(root.OptionalEndpoint("c"));
        Assert.Null(root.OptionalDuration("d", TimeSpan.Zero, TimeSpan.MaxValue));
        Assert.Equal(7, root.Integer("e", 0, 9, 7));
        Assert.False(root.Flag("f", false));
        Assert.Empty(root.Texts("g"));
        Assert.False(root.Section("h", isRequired: false).IsPresent);
        Assert.Equal("", root.Section("h", isRequired: false).Text("must"));
        file.ThrowIfInvalid();
    }

    [Fact]
    public void Errors_AllOfThem_AreReportedAtOnceInOrder()
    {
        var file = Parse("""
            listen: 127.0.0.1
            hops: 12
            strict: yes
            wait: 5 s
            mode: [single-host]
            nmaes: []
            policy: 3
            """);
        var root = file.Root;
        root.Endpoint("listen");
        root.Integer("hops", 1, 9);
        root.Flag("strict");
        root.Duration("wait", TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(90));
        root.OneOf<Mode>("mode");
        root.Texts("names");
        root.Section("policy").Text("anything");
        root.Text("id");
        var exception = Assert.Throws<ConfigurationException>(file.ThrowIfInvalid);
        Assert.Equal(
            """
            sample.yaml:1: `listen` is `127.0.0.1`; write an address and port such as 127.0.0.1:16443
            sample.yaml:1: `id` is missing; add it (a text), or set FAIRLEAD_ID
            sample.yaml:2: `hops` is 12; write a whole number from 1 to 9
            sample.yaml:3: `strict` is `yes`; write true or false
            sample.yaml:4: `wait` is `5 s`; write a duration from 1s to 1m30s, such as 15s or 500ms
            sample.yaml:5: `mode` is a list; write one of single-host, many-hosts
            sample.yaml:6: `nmaes` is unknown; did you mean `names`?
            sample.yaml:7: `policy` is a single value; write a mapping below it
            """,
            exception.Message);
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("localhost:80")]
    [InlineData("127.0.0.1:65536")]
    [InlineData("127.0.0.1:-1")]
    [InlineData("127.0.0.010:80")]
    [InlineData("127.1:80")]
    [InlineData("::1:80")]
    [InlineData("[::1]")]
    [InlineData(":80")]
    [InlineData("127.0.0.1:080")]
    [InlineData("127.0.0.1:80 ")]
    public void Endpoint_NotAddressAndPort_IsAnError(string text)
    {
        var file = Parse($"listen: \"{text}\"");
        file.Root.Endpoint("listen");
        Assert.Equal(ConfigurationErrorKind.WrongType, Assert.Single(file.Errors.All).Kind);
    }

    [Fact]
    public void Paths_InTheFile_StartAtItsFolder()
    {
        var file = Parse("a: ../keys/seal.pem\nb: /abs\n", ("FAIRLEAD_C", "x"));
        Assert.Equal("/etc/keys/seal.pem", file.Root.FilePath("a"));
        Assert.Equal("/abs", file.Root.FilePath("b"));
        Assert.Equal(Path.GetFullPath("x"), file.Root.FilePath("c"));
    }

    [Fact]
    public void ExistingFile_Absent_IsAnErrorAtItsLine()
    {
        var file = Parse("id: x\nkey: nowhere.pem\n");
        file.Root.ExistingFile("key");
        Assert.StartsWith(
            "sample.yaml:2: `key` names /etc/fairlead/nowhere.pem, which is not there",
            Assert.Single(file.Errors.All).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Refuse_OwnReason_HasTheLineOfTheKey()
    {
        var file = Parse("id: x\nkey: y\n");
        file.Root.Refuse("key", "is not P-256", "make a new one");
        Assert.Equal("sample.yaml:2: `key` is not P-256; make a new one", Assert.Single(file.Errors.All).ToString());
    }

    [Fact]
    public void List_TooShortOrWrong_IsAnErrorPerEntry()
    {
        var file = Parse("a: [1.2.3.4:5, x, [y]]\nb: []\n");
        Assert.Single(file.Root.Endpoints("a"));
        file.Root.Texts("b", countMin: 1);
        file.Root.Texts("c", countMin: 1);
        Assert.Equal(
            [
                "sample.yaml:1: `a` holds `x`; write an address and port such as 127.0.0.1:16443",
                "sample.yaml:1: `a` holds a list; write an address and port such as 127.0.0.1:16443",
                "sample.yaml:1: `c` is missing; add it (a list, each a text), or set FAIRLEAD_C",
                "sample.yaml:2: `b` holds 0 entries; write 1 to 1000",
            ],
            file.Errors.All.Select(error => error.ToString()));
    }

    private static ConfigurationFile Parse(string yaml, params (string Name, string Value)[] environment) =>
        ConfigurationFile.Parse(
            "sample.yaml", "/etc/fairlead", Encoding.UTF8.GetBytes(yaml),
            environment.ToDictionary(variable => variable.Name, variable => variable.Value));
}
