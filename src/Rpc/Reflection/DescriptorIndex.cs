using System.Collections.Frozen;
using Google.Protobuf.Reflection;

namespace Fairlead.Rpc;

/// <summary>The files of some services, with all that they import, by file name and by the full name of everything that
/// they declare. Immutable, thread-safe.</summary>
internal sealed class DescriptorIndex
{
    private readonly FrozenDictionary<string, FileDescriptor> _files;
    private readonly FrozenDictionary<string, FileDescriptor> _symbols;

    /// <param name="roots">The files whose services are served.</param>
    public DescriptorIndex(IReadOnlyCollection<FileDescriptor> roots)
    {
        var files = new Dictionary<string, FileDescriptor>(StringComparer.Ordinal);
        foreach (var root in roots)
        {
            Add(root, files);
        }

        var symbols = new Dictionary<string, FileDescriptor>(StringComparer.Ordinal);
        foreach (var file in files.Values)
        {
            foreach (var name in SymbolsOf(file))
            {
                symbols.TryAdd(name, file);
            }
        }

        _files = files.ToFrozenDictionary(StringComparer.Ordinal);
        _symbols = symbols.ToFrozenDictionary(StringComparer.Ordinal);
        Services = [.. roots.SelectMany(file => file.Services).Select(service => service.FullName)
            .Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
    }

    /// <summary>The full names of the services, ascending.</summary>
    public IReadOnlyList<string> Services { get; }

    /// <summary>The file of this name, or null.</summary>
    public FileDescriptor? File(string name) => _files.GetValueOrDefault(name);

    /// <summary>The file that declares this full name, or null.</summary>
    public FileDescriptor? FileOf(string symbol) => _symbols.GetValueOrDefault(symbol);

    private static void Add(FileDescriptor file, Dictionary<string, FileDescriptor> files)
    {
        if (files.TryAdd(file.Name, file))
        {
            foreach (var import in file.Dependencies)
            {
                Add(import, files);
            }
        }
    }

    private static IEnumerable<string> SymbolsOf(FileDescriptor file) =>
        file.Services.SelectMany(service => service.Methods.Select(method => method.FullName).Prepend(service.FullName))
            .Concat(file.EnumTypes.SelectMany(SymbolsOf))
            .Concat(file.MessageTypes.SelectMany(SymbolsOf));

    private static IEnumerable<string> SymbolsOf(MessageDescriptor message) =>
        message.Fields.InDeclarationOrder().Select(field => field.FullName)
            .Prepend(message.FullName)
            .Concat(message.Oneofs.Select(oneof => oneof.FullName))
            .Concat(message.EnumTypes.SelectMany(SymbolsOf))
            .Concat(message.NestedTypes.SelectMany(SymbolsOf));

    private static IEnumerable<string> SymbolsOf(EnumDescriptor type) =>
        type.Values.Select(value => value.FullName).Prepend(type.FullName);
}
