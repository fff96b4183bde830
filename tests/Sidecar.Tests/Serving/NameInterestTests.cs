using Fairlead.Sidecar.Serving;

namespace Fairlead.Sidecar.Tests.Serving;

/// <summary>One part's word of less takes no name from the others.</summary>
public sealed class NameInterestTests
{
    private readonly List<string> _said = [];
    private readonly NameInterest _interest;

    public NameInterestTests() => _interest = new(name => _said.Add("+" + name), name => _said.Add("-" + name));

    [Theory]
    [InlineData("+a", "+a")]
    [InlineData("+a -a", "+a -a")]
    [InlineData("+a +a -a", "+a +a")]
    [InlineData("+a +a -a -a", "+a +a -a")]
    [InlineData("+a +b -a", "+a +b -a")]
    [InlineData("-a", "")]
    [InlineData("-a +a -a", "+a -a")]
    [InlineData("+a -a -a +a -a", "+a -a +a -a")]
    [InlineData("+a -a +a", "+a -a +a")]
    public void Resolver_HearsLess_OnlyOfTheLast(string words, string expected)
    {
        foreach (var word in words.Split(' '))
        {
            _interest.Count(word[1..], word[0] == '+');
        }

        Assert.Equal(expected, string.Join(' ', _said));
    }

    [Fact]
    public async Task ManyAtOnce_EndWithTheNameForgotten_AndNeverWhileSomebodyWantsIt()
    {
        const int Parts = 8;
        _interest.Count("a", isWanted: true);
        await Task.WhenAll(Enumerable.Range(0, Parts).Select(_ => Task.Run(() =>
        {
            for (var i = 0; i < 1_000; i++)
            {
                _interest.Count("a", isWanted: true);
                _interest.Count("a", isWanted: false);
            }
        })));
        Assert.DoesNotContain("-a", _said);
        _interest.Count("a", isWanted: false);
        Assert.Equal("-a", _said[^1]);
    }
}
