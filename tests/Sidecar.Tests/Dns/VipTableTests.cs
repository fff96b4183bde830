using System.Net;
using Fairlead.Resolver.State;
using Fairlead.Sidecar.Dns;
using Fairlead.TestKit;

namespace Fairlead.Sidecar.Tests.Dns;

public sealed class VipTableTests(ITestOutputHelper output)
{
    private static readonly VipRange Small = Range("127.99.1.0/29"); // six addresses

    [Fact]
    public void Assign_TheSameName_IsTheSameAddress_HereAndEverywhere()
    {
        var first = new VipTable(VipRange.Default, []);
        var second = new VipTable(VipRange.Default, []);
        var address = first.Assign("checkout.shop.svc.us1.internal", 1);
        Assert.Equal(address, first.Assign("checkout.shop.svc.us1.internal", 2));
        Assert.Equal(address, second.Assign("checkout.shop.svc.us1.internal", 9));
        Assert.Equal("127.99.144.187", address.ToString()); // a change of the hash would move every service
        Assert.Equal("checkout.shop.svc.us1.internal", first.NameOf(address));
    }

    /// <summary>It may be told only then.</summary>
    [Fact]
    public void TryUse_IsTheAddress_OnceItIsSaved()
    {
        var table = new VipTable(VipRange.Default, []);
        Assert.Null(table.TryUse(Name(1), 1));
        var address = table.Assign(Name(1), 1);
        Assert.True(table.IsUnsaved);
        Assert.Null(table.TryUse(Name(1), 2));
        table.Saved(table.Snapshot());
        Assert.False(table.IsUnsaved);
        Assert.Equal(address, table.TryUse(Name(1), 3));
        Assert.Equal(3, Assert.Single(table.Snapshot()).UsedAt);
        Assert.Equal(address, new VipTable(VipRange.Default, table.Snapshot()).TryUse(Name(1), 4));
    }

    [Fact]
    public void Assign_NamesThatCollide_GetDifferentAddresses()
    {
        var table = new VipTable(Small, []);
        var names = Enumerable.Range(0, 100).Select(Name).GroupBy(Small.Start).First(group => group.Count() >= 3)
            .Take(3);
        var addresses = names.Select(name => table.Assign(name, 1)).ToList();
        Assert.Equal(3, addresses.Distinct().Count());
        Assert.All(addresses, address => Assert.True(Small.Contains(address)));
    }

    [Fact]
    public void Assign_RandomNames_NeverShareAnAddress_AndSurviveARestart()
    {
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var range = Range("10.9.0.0/22");
        var table = new VipTable(range, []);
        var given = new Dictionary<string, IPAddress>();
        for (var i = 0; i < 5_000; i++)
        {
            var name = Name(random.Next((int)range.Count));
            var address = table.Assign(name, i);
            Assert.Equal(given.TryAdd(name, address) ? address : given[name], address);
            if (random.Next(100) == 0)
            {
                table = new VipTable(range, VipState.Read(VipState.Write(table.Snapshot())));
            }
        }

        Assert.Equal(given.Count, given.Values.Distinct().Count());
    }

    [Fact]
    public void Assign_WhenAllAreTaken_IsRefusedByName_UntilOneWasUnusedForADay()
    {
        var table = new VipTable(Small, []);
        for (var i = 0; i < 6; i++)
        {
            table.Assign(Name(i), i);
        }

        var before = table.Snapshot();
        var refusal = Assert.Throws<VipExhaustedException>(() =>
            table.Assign("late.shop.svc.us1.internal", 100));
        Assert.StartsWith("VipExhausted: all 6 addresses of 127.99.1.0/29", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(before, table.Snapshot());

        table.Assign(Name(0), 50); // used again: now 1 is the oldest
        var oldest = table.Assign(Name(1), 1);
        Assert.Equal(oldest, table.Assign("late.shop.svc.us1.internal", 1 + VipTable.KeptUnused));
        Assert.Equal("late.shop.svc.us1.internal", table.NameOf(oldest));
        Assert.DoesNotContain(table.Snapshot(), entry => entry.Name == Name(1));
    }

    [Fact]
    public void Table_FromASnapshot_LeavesOutWhatClashesOrLiesOutside()
    {
        var address = IPAddress.Parse("127.99.1.3");
        var table = new VipTable(Small, [
            new VipEntry(Name(1), address, 5),
            new VipEntry(Name(2), address, 6),
            new VipEntry(Name(1), IPAddress.Parse("127.99.1.4"), 7),
            new VipEntry(Name(3), IPAddress.Parse("127.98.1.4"), 7),
            new VipEntry(Name(4), IPAddress.Parse("127.99.1.7"), 7), // the last address of the network
            new VipEntry(Name(5), IPAddress.IPv6Loopback, 7),
        ]);
        Assert.Equal([new VipEntry(Name(1), address, 5)], table.Snapshot());
    }

    [Theory]
    [InlineData("127.99.0.0/7")]
    [InlineData("127.99.0.0/31")]
    [InlineData("127.99.0.1/16")]
    [InlineData("fd00::/64")]
    [InlineData("127.99.0.0")]
    public void Range_ThatIsNone_IsRefused(string text) => Assert.False(VipRange.TryParse(text, out _));

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("""{"format":"fairlead-vips/2","vips":[]}""")]
    [InlineData("""{"format":"fairlead-vips/1","vips":[{"address":"127.99.0.1","name":"x","used":1}]}""")]
    [InlineData("""{"format":"fairlead-vips/1","vips":[{"address":"127.99.0.01","name":"a.b.svc.c","used":1}]}""")]
    [InlineData("""{"format":"fairlead-vips/1","vips":[{"address":"127.99.0.1","name":"a.b.svc.c"}]}""")]
    public void State_ThatIsNone_IsRefused(string text) =>
        Assert.Throws<FormatException>(() => VipState.Read(System.Text.Encoding.UTF8.GetBytes(text)));

    [Fact]
    public async Task Book_TellsAnAddress_OnlyWhenItIsSavedAndListenedAt()
    {
        var folder = Directory.CreateTempSubdirectory("fairlead-vips-");
        try
        {
            var path = Path.Combine(folder.FullName, "vips.state");
            var service = FakeNames.ClusterIp(new ServicePort("http", 80));
            string? trouble = "port 80 is in use there";
            VipReady ready = (name, address, _, _) =>
            {
                Assert.True(File.Exists(path));
                return ValueTask.FromResult(trouble is null ? null : new VipTrouble(trouble));
            };
            IPAddress? given;
            using (var book = VipBook.Open(VipRange.Default, path, ready, new ManualTimeProvider()))
            {
                var (address, why) = await book.GetAsync(Name(1), service, default);
                Assert.Equal((null, "port 80 is in use there"), (address, why));
                trouble = null;
                (given, why) = await book.GetAsync(Name(1), service, default);
                Assert.Null(why);
                Assert.NotNull(given);
            }

            using var again = VipBook.Open(VipRange.Default, path, ready, new ManualTimeProvider());
            Assert.Equal(given, Assert.Single(again.Table.Snapshot()).Address);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task Book_OfANameThatIsAskedForAllDay_RemembersThatItIsUsed()
    {
        var folder = Directory.CreateTempSubdirectory("fairlead-vips-");
        try
        {
            var path = Path.Combine(folder.FullName, "vips.state");
            var time = new ManualTimeProvider();
            using (var book = VipBook.Open(VipRange.Default, path, Ready, time))
            {
                await book.GetAsync(Name(1), FakeNames.ClusterIp(), default);
                var saved = File.ReadAllBytes(path);
                time.Advance(TimeSpan.FromMinutes(59));
                Assert.True(book.TryGet(Name(1), FakeNames.ClusterIp(), out _));
                await book.GetAsync(Name(1), FakeNames.ClusterIp(), default);
                Assert.Equal(saved, File.ReadAllBytes(path));
                time.Advance(TimeSpan.FromMinutes(1));
                Assert.False(book.TryGet(Name(1), FakeNames.ClusterIp(), out _));
                await book.GetAsync(Name(1), FakeNames.ClusterIp(), default);
            }

            using var again = VipBook.Open(VipRange.Default, path, Ready, time);
            Assert.Equal(time.GetUtcNow().ToUnixTimeMilliseconds(), Assert.Single(again.Table.Snapshot()).UsedAt);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task Book_ThatCannotSaveWhenAnAddressWasUsed_TellsItAllTheSame()
    {
        var folder = Directory.CreateTempSubdirectory("fairlead-vips-");
        var time = new ManualTimeProvider();
        using var book = VipBook.Open(VipRange.Default, Path.Combine(folder.FullName, "vips.state"), Ready, time);
        var (first, _) = await book.GetAsync(Name(1), FakeNames.ClusterIp(), default);
        folder.Delete(recursive: true);
        time.Advance(TimeSpan.FromHours(1));
        Assert.Equal((first, null), await book.GetAsync(Name(1), FakeNames.ClusterIp(), default));
    }

    [Fact]
    public async Task Book_ThatCannotSave_TellsNothing_AlsoTheSecondTime()
    {
        var folder = Directory.CreateTempSubdirectory("fairlead-vips-");
        var path = Path.Combine(folder.FullName, "vips.state");
        using var book = VipBook.Open(VipRange.Default, path, Ready, new ManualTimeProvider());
        folder.Delete();
        for (var i = 0; i < 2; i++)
        {
            var (address, why) = await book.GetAsync(Name(1), FakeNames.ClusterIp(), default);
            Assert.Null(address);
            Assert.StartsWith("StateNotDurable", why, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Book_WithADamagedFile_DoesNotOpen()
    {
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, "{}");
            Assert.Throws<StateException>(() => VipBook.Open(VipRange.Default, path, Ready, new ManualTimeProvider()));
        }
        finally
        {
            File.Delete(path);
        }
    }

    internal static ValueTask<VipTrouble?> Ready(string name, IPAddress address, ServiceView service,
        CancellationToken token) =>
        ValueTask.FromResult<VipTrouble?>(null);

    private static string Name(int i) => $"s{i}.shop.svc.us1.internal";

    private static VipRange Range(string text) =>
        VipRange.TryParse(text, out var range) ? range : throw new FormatException(text);
}
