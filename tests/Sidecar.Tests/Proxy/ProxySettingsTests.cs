using System.Text;
using Fairlead.Configuration;
using Fairlead.Identities;
using Fairlead.Sidecar.Proxy;

namespace Fairlead.Sidecar.Tests.Proxy;

/// <summary>The section <c>proxy</c> of a configuration.</summary>
public sealed class ProxySettingsTests
{
    [Theory]
    [InlineData("{}", false)]
    [InlineData("proxy: {enabled: false, http: 127.0.0.1:5}", false)]
    [InlineData("proxy: {enabled: true}", true)]
    [InlineData("proxy: {region: eu}", true)]
    public void Section_SaysWhetherTheProxyIsOn(string yaml, bool expected)
    {
        Assert.Equal(expected, Read(yaml, out var errors) is not null);
        Assert.Empty(errors);
    }

    [Fact]
    public void Defaults_AreThoseOfTheOptions() =>
        Assert.Equal(new ProxyOptions(), Read("proxy: {enabled: true}", out _));

    [Fact]
    public void AllGiven_AreRead()
    {
        var options = Read(
            """
            proxy:
              http: 127.0.0.1:81
              h2c: "[::1]:82"
              region: eu
              zone: b
              budget: 2s
              drain: 0s
              access_log: sampled
              access_log_share: 0.25
              access_log_paths: false
              spiffe: {certificate: svid.pem, key: /k/key.pem, bundle: bundle.pem}
            """,
            out var errors);
        Assert.Empty(errors);
        Assert.Equal(
            new ProxyOptions
            {
                Http1 = new(System.Net.IPAddress.Loopback, 81),
                Http2 = new(System.Net.IPAddress.IPv6Loopback, 82),
                Region = "eu",
                Zone = "b",
                Budget = TimeSpan.FromSeconds(2),
                Drain = TimeSpan.Zero,
                AccessLog = AccessLogMode.Sampled,
                AccessLogShare = 0.25,
                AccessLogPaths = false,
                Spiffe = new SpiffePaths("/etc/svid.pem", "/k/key.pem", "/etc/bundle.pem"),
            },
            options);
        Assert.Empty(options!.Errors());
    }

    [Theory]
    [InlineData("proxy: {http: 0.0.0.0:80}", "which others can reach")]
    [InlineData("proxy: {h2c: 10.0.0.1:80}", "which others can reach")]
    [InlineData(
        "proxy: {http: 127.0.0.1:80, h2c: 127.0.0.1:80}", "`proxy.h2c` is 127.0.0.1:80, where proxy.http listens")]
    [InlineData("proxy: {zone: b}", "is in no region")]
    [InlineData("proxy: {budget: 1ms}", "proxy.budget")]
    [InlineData("proxy: {drain: 1h}", "proxy.drain")]
    [InlineData("proxy: {access_log: everything}", "proxy.access_log")]
    [InlineData("proxy: {access_log_share: -0.1}", "proxy.access_log_share")]
    [InlineData("proxy: {access_log_share: NaN}", "proxy.access_log_share")]
    [InlineData("proxy: {spiffe: {certificate: a, key: b}}", "proxy.spiffe.bundle")]
    [InlineData("proxy: {enabled: yes}", "proxy.enabled")]
    [InlineData("proxy: {htpp: 127.0.0.1:80}", "htpp")]
    public void WhatIsWrong_IsNamed(string yaml, string named)
    {
        _ = Read(yaml, out var errors);
        Assert.Contains(errors, error => error.Contains(named, StringComparison.Ordinal));
    }

    private static ProxyOptions? Read(string yaml, out List<string> errors)
    {
        var file = ConfigurationFile.Parse(
            "test.yaml", "/etc", Encoding.UTF8.GetBytes(yaml), new Dictionary<string, string>());
        var options = ProxySettings.Read(file.Root);
        errors = [];
        try
        {
            file.ThrowIfInvalid();
        }
        catch (ConfigurationException e)
        {
            errors.AddRange(e.Errors.Select(error => error.ToString()));
        }

        return options;
    }
}
