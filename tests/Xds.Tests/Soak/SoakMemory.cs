using System.Globalization;

namespace Fairlead.Xds.Tests.Soak;

/// <summary>What a host holds after three compacting collections.</summary>
/// <param name="Streams">Streams that are open.</param>
/// <param name="Managed">Bytes of its managed heap.</param>
/// <param name="Anonymous">Bytes of anonymous memory that the system has given to it.</param>
internal sealed record SoakMemory(int Streams, long Managed, long Anonymous)
{
    private const double Growth = 1.05;
    private const long Slack = 2 << 20;

    /// <summary>Reads the host's line: <c>streams S managed M anonymous A</c>.</summary>
    internal static SoakMemory Read(string line)
    {
        var words = line.Split(' ');
        return new SoakMemory((int)Number(1), Number(3), Number(5));

        long Number(int index) => long.Parse(words[index], CultureInfo.InvariantCulture);
    }

    /// <summary>Whether this is what there was before, but for 5 % and 2 MB.</summary>
    internal bool IsWithin(SoakMemory before) =>
        Managed <= (before.Managed * Growth) + Slack && Anonymous <= (before.Anonymous * Growth) + Slack;

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Streams} streams, managed {Managed / 1e6:0.00} MB, anonymous {Anonymous / 1e6:0.00} MB");
}
