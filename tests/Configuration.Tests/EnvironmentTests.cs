using System.Net;
using System.Text;
using Xunit;

namespace Fairlead.Configuration.Tests;

public sealed class EnvironmentTests
{
    [Fact]
    public void Variables_ReplaceValuesOfTheFile()
    {
        var file = Parse(
            "xds:\n  address: 127.0.0.1:1\n  socket: /s\nimports: [a]\n",
            ("FAIRLEAD_XDS__ADDRESS", "127.0.0.1:2"), ("FAIRLEAD_IMPORTS", "b, c"), ("FAIRLEAD_ADMIN__PORT", "3"));
        Assert.Equal(new IPEndPoint(IPAddress.Loopback, 2), file.Root.Section("xds").Endpoint("address"));
        Assert.Equal("/s", file.Root.Section("xds").Text("socket"));
        Assert.Equal(["b", "c"], file.Root.Texts("imports"));
        var admin = file.Root.Section("admin", isRequired: false);
        Assert.True(admin.IsPresent);
        Assert.Equal(3, admin.Integer("port", 0, 65535));
        file.ThrowIfInvalid();
    }

    [Fact]
    public void Variable_Wrong_IsNamedInTheError()
    {
        var file = Parse("ttl_cap: 5s\n", ("FAIRLEAD_TTL_CAP", "5 seconds"));
        file.Root.Duration("ttl_cap", TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(60));
        Assert.Equal(
            "FAIRLEAD_TTL_CAP: `ttl_cap` is `5 seconds`; write a duration from 1s to 1m, such as 15s or 500ms",
            Assert.Single(file.Errors.All).ToString());
    }

    [Fact]
    public void Variables_Mistyped_AreErrorsAndForeignOnesAreNot()
    {
        var file = Parse(
            "", ("FAIRLEAD_LISTN", "x"), ("FAIRLEAD_XDS__WHAT", "x"), ("FAIRLEAD_SERVICE_HOST", "10.0.0.1"),
            ("FAIRLEAD_PORT", "tcp://10.0.0.1:80"), ("FAIRLEAD_CACHE", "/c"),
            ("FAIRLEAD_SIDECAR", "/s"), ("PATH", "/bin"), ("FAIRLEAD_EMPTY__X", ""));
        file.Root.OptionalEndpoint("listen");
        Assert.Equal(
            "FAIRLEAD_LISTN: an unknown variable; did you mean FAIRLEAD_LISTEN?\n"
            + "FAIRLEAD_XDS__WHAT: an unknown variable; unset it",
            Assert.Throws<ConfigurationException>(file.ThrowIfInvalid).Message);
    }

    [Fact]
    public void Variable_Empty_IsAsGoodAsNone()
    {
        var file = Parse("id: a\n", ("FAIRLEAD_ID", ""));
        Assert.Equal("a", file.Root.Text("id"));
        file.ThrowIfInvalid();
    }

    [Fact]
    public void Process_Environment_IsReadAsACopy() => Assert.NotEmpty(EnvironmentVariables.Read()["PATH"]);

    private static ConfigurationFile Parse(string yaml, params (string Name, string Value)[] environment) =>
        ConfigurationFile.Parse(
            "sample.yaml", "/etc/fairlead", Encoding.UTF8.GetBytes(yaml),
            environment.ToDictionary(variable => variable.Name, variable => variable.Value));
}
