using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Xunit;

namespace Fairlead.Repository.Tests;

/// <summary>
/// Time and randomness come from outside, down to the parts that use them. What has none to inject is banned by
/// eng/analyzers/BannedSymbols.txt; what somebody must name once stands here with the reason.
/// </summary>
public sealed class InjectionTests
{
    private static readonly Dictionary<string, string> DrawsByItself = new(StringComparer.Ordinal)
    {
        ["src/Anchor/Hosting/AnchorHost.cs"] = "a host: gives it to its parts",
        ["src/Cli/Asking/HomeAsker.cs"] = "a command: gives it to its parts",
        ["src/Cli/Ceremony/Randomness.cs"] = "the commands' one source",
        ["src/Cli/Commands/Resolve.cs"] = "a command: seeds its parts",
        ["src/Controller/Startup.cs"] = "a host: gives it to its parts",
        ["src/Resolver/Home/HomeResolverOptions.cs"] = "an option's default",
        ["src/Sidecar/Dns/Forwarding/StrongRandom.cs"] = "is one that is injected",
        ["src/Store.Sqlite/SqliteStoreOptions.cs"] = "an option's default",
        ["src/Store/Memory/MemoryStore.cs"] = "an option's default",
    };

    private static readonly Dictionary<string, string> TakesTheSystemsClock = new(StringComparer.Ordinal)
    {
        ["src/Hosting/ProgramShell.cs"] = "where programs begin",
        ["src/Sidecar/Hosting/SidecarProgram.cs"] = "where programs begin",
        ["src/Cli/Commands/DemoCommand.cs"] = "where commands begin",
        ["src/Cli/Commands/ExplainCommand.cs"] = "where commands begin",
        ["src/Cli/Commands/ProposeCommand.cs"] = "where commands begin",
        ["src/Cli/Commands/ResolveCommand.cs"] = "where commands begin",
        ["src/Cli/Commands/SegmentCommand.cs"] = "where commands begin",
        ["src/Cli/Commands/VerifyCommand.cs"] = "where commands begin",
        ["src/Resolver/Home/HomeResolverOptions.cs"] = "an option's default",
        ["src/Rpc/Client/RpcChannelOptions.cs"] = "an option's default",
        ["src/Rpc/Server/PagePoolFactory.cs"] = "made by the web server, which passes no clock",
        ["src/Rpc/Server/RpcServiceOptions.cs"] = "an option's default",
        ["src/Sidecar/Serving/ServedViews.cs"] = "an option's default",
        ["src/Store.Sqlite/SqliteStoreOptions.cs"] = "an option's default",
        ["src/Xds/AdsOptions.cs"] = "an option's default",
    };

    private static readonly Dictionary<string, string> WaitsForOthers = new(StringComparer.Ordinal)
    {
        ["src/Cli/Demo/DnsQuestion.cs"] = "a command's patience with a server",
        ["src/Cli/Operating/OperatorSession.cs"] = "a command's patience with a server",
    };

    [Fact]
    public void Randomness_IsInjected_ButWhereItBegins() => Only(DrawsByItself, file =>
        file.Nodes<IdentifierNameSyntax>().Where(name => name.Identifier.Text == "RandomNumberGenerator"));

    /// <summary>In a container each process has the same number: seeded by that, a fleet draws as one.</summary>
    [Fact]
    public void Randomness_IsNotSeededByTheProcess() => Only([], file =>
        file.Nodes<BaseObjectCreationExpressionSyntax>().Where(made => made.Initializer is null
            && made.ToString().Contains("Random(Environment.", StringComparison.Ordinal)));

    [Fact]
    public void Clock_IsInjected_ButWhereItBegins() => Only(TakesTheSystemsClock, file =>
        file.Nodes<MemberAccessExpressionSyntax>().Where(access => access.ToString() == "TimeProvider.System"));

    /// <summary>A source that is linked to others has the system's clock, and takes no other.</summary>
    [Fact]
    public void Sources_ThatAreLinked_EndAfterNoTime() => Only(WaitsForOthers, file =>
    {
        var linked = file.Nodes<VariableDeclaratorSyntax>()
            .Where(one => one.Initializer?.Value.ToString().Contains("CreateLinkedTokenSource") == true)
            .Select(one => (one.Identifier.Text, MemberOf(one))).ToHashSet();
        return file.Nodes<MemberAccessExpressionSyntax>().Where(access => access.Name.Identifier.Text == "CancelAfter"
            && linked.Contains((access.Expression.ToString(), MemberOf(access))));
    });

    private static MemberDeclarationSyntax MemberOf(SyntaxNode node) =>
        node.Ancestors().OfType<MemberDeclarationSyntax>().First();

    // An exception that is none any more is one too many.
    private static void Only(
        Dictionary<string, string> exceptions, Func<SourceFile, IEnumerable<ExpressionSyntax>> find)
    {
        var found = SourceFile.Under("src/").SelectMany(file => find(file).Select(node => (file, node))).ToList();
        Findings.None(found.Where(one => !exceptions.ContainsKey(one.file.Path))
            .Select(one => $"{one.file.At(one.node)}: {one.node}"));
        Assert.Equal(
            exceptions.Keys.Order(StringComparer.Ordinal),
            found.Select(one => one.file.Path).Distinct().Order(StringComparer.Ordinal));
    }
}
