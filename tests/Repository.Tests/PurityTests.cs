using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Xunit;

namespace Fairlead.Repository.Tests;

/// <summary>The domain and the engines take time, randomness and bytes as values; they reach for nothing.</summary>
public sealed class PurityTests
{
    private static readonly string[] Reaching =
    [
        "File", "FileInfo", "FileStream", "Directory", "DirectoryInfo", "Stream", "Console", "Process", "Environment",
        "HttpClient", "Socket", "TcpClient", "TcpListener", "UdpClient", "Dns", "ILogger", "ILoggerFactory",
        "LoggerMessage", "IServiceProvider", "IServiceCollection", "Thread", "Timer", "PeriodicTimer", "Stopwatch",
        "Task", "ValueTask", "TaskCompletionSource",
    ];

    private static readonly string[] ForeignNamespaces =
        ["Google.Protobuf", "Microsoft.Extensions", "Microsoft.AspNetCore", "System.IO", "System.Net.Http"];

    [Theory]
    [InlineData("src/Naming/")]
    [InlineData("src/Governance/")]
    public void Folder_OfPureCode_ReachesForNothing(string folder)
    {
        var found =
            from file in SourceFile.Under(folder)
            from name in file.Nodes<SimpleNameSyntax>()
            where Reaching.Contains(name.Identifier.Text) && IsType(name)
            select $"{file.At(name)}: {name.Identifier.Text}";
        Findings.None(found);
    }

    [Fact]
    public void Naming_HasNoClockOfItsOwn() =>
        Findings.None(SourceFile.Under("src/Naming/").SelectMany(file => file.Nodes<IdentifierNameSyntax>()
            .Where(name => name.Identifier.Text == "TimeProvider").Select(name => file.At(name))));

    [Theory]
    [InlineData("src/Naming/")]
    [InlineData("src/Governance/")]
    public void Folder_OfPureCode_UsesNoForeignNamespace(string folder)
    {
        var found =
            from file in SourceFile.Under(folder)
            from name in file.Root.DescendantNodes().Where(IsPath)
            let text = name.ToString()
            where ForeignNamespaces.Any(space => (text + ".").StartsWith(space + ".", StringComparison.Ordinal))
            select $"{file.At(name)}: {text}";
        Findings.None(found);
    }

    private static bool IsPath(SyntaxNode node) => node is NameSyntax or MemberAccessExpressionSyntax;

    /// <summary>A member or argument may well be called `File`; only a name that stands alone, or first in a chain,
    /// is the type.</summary>
    private static bool IsType(SimpleNameSyntax name) => name.Parent switch
    {
        MemberAccessExpressionSyntax access => access.Expression == name,
        NameColonSyntax or NameEqualsSyntax or MemberBindingExpressionSyntax => false,
        AssignmentExpressionSyntax assignment => assignment.Left != name,
        _ => true,
    };
}
