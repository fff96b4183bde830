using System.Text;
using System.Text.Json;
using Fairlead.Sidecar.Admin;
using Fairlead.Xds;

namespace Fairlead.Sidecar.Tests.Hosting;

/// <summary>What operators are told of clients.</summary>
public sealed class ClientsPageTests
{
    [Fact]
    public void Resource_ThatIsHeldBack_IsNamed_WithTheReason()
    {
        var type = new TypeStatus(
            ResourceType.Endpoints, false, ["a"], 0, "", null, "", null, false, null)
        {
            Withheld = [new WithheldResource("a", "TooLarge: 5000000 bytes, 4128768 allowed")],
        };
        var stream = new StreamStatus(1, "unix:", "ads", ClientNode.Anonymous, DateTimeOffset.UnixEpoch, [type]);
        using var written = new MemoryStream();
        using (var json = new Utf8JsonWriter(written))
        {
            ClientsPage.Write(json, [stream]);
        }

        using var page = JsonDocument.Parse(Encoding.UTF8.GetString(written.ToArray()));
        Assert.Equal(
            "TooLarge: 5000000 bytes, 4128768 allowed",
            page.RootElement[0].GetProperty("types").GetProperty("eds").GetProperty("withheld").GetProperty("a")
                .GetString());
    }
}
