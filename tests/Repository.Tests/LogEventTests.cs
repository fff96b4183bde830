using Microsoft.CodeAnalysis.CSharp.Syntax;
using Xunit;

namespace Fairlead.Repository.Tests;

/// <summary>Every log event has one number, from its project's block of a thousand.</summary>
public sealed class LogEventTests
{
    private static readonly Dictionary<string, int> Blocks = new()
    {
        ["Store"] = 1000, ["Store.Sqlite"] = 1000, ["Store.Etcd"] = 1000, ["Anchor"] = 2000, ["Resolver"] = 3000,
        ["Xds"] = 4000, ["Kubernetes"] = 5000, ["Sidecar"] = 6000, ["Controller"] = 7000, ["Rpc"] = 8000,
        ["Telemetry"] = 9000, ["Hosting"] = 10_000,
    };

    private static readonly IReadOnlyList<(string At, string Project, int Id)> Events =
    [
        .. from file in SourceFile.Under("src/")
           from attribute in file.Nodes<AttributeSyntax>()
           where attribute.Name.ToString() is "LoggerMessage" or "LoggerMessageAttribute"
           select (file.At(attribute), file.Path.Split('/')[1], IdOf(attribute)),
    ];

    [Fact]
    public void Ids_AreUnique() =>
        Findings.None(Events.GroupBy(one => one.Id).Where(group => group.Count() > 1)
            .Select(group => $"{group.Key}: {string.Join(", ", group.Select(one => one.At))}"));

    [Fact]
    public void Ids_StandInTheBlockOfTheirProject()
    {
        Assert.NotEmpty(Events);
        Assert.All(Events, one =>
        {
            Assert.True(Blocks.TryGetValue(one.Project, out var first), $"{one.At}: {one.Project} has no block");
            Assert.InRange(one.Id, first, first + 999);
        });
    }

    /// <summary>The number, written in place; anything else is -1 and in no block.</summary>
    private static int IdOf(AttributeSyntax attribute)
    {
        var arguments = attribute.ArgumentList?.Arguments;
        var argument = arguments?.FirstOrDefault(a => NameOf(a) is "EventId" or "eventId")
            ?? arguments?.FirstOrDefault(a => a.NameEquals is null);
        return argument?.Expression is LiteralExpressionSyntax { Token.Value: int id } ? id : -1;
    }

    private static string? NameOf(AttributeArgumentSyntax argument) =>
        (argument.NameEquals?.Name ?? argument.NameColon?.Name)?.ToString();
}
