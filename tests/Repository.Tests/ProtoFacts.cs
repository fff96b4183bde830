using System.Reflection;
using Google.Protobuf.Reflection;

namespace Fairlead.Repository.Tests;

/// <summary>What our generated descriptors say, in the lines of tests/node/proto-facts.js.</summary>
internal static class ProtoFacts
{
    /// <summary>The files that were compiled into an assembly.</summary>
    internal static IReadOnlyList<FileDescriptor> FilesOf(string assembly)
    {
        return [.. Assembly.Load(assembly).GetTypes()
            .Where(type => type.IsAbstract
                && type.IsSealed
                && type.Name.EndsWith("Reflection", StringComparison.Ordinal))
            .Select(type => type.GetProperty("Descriptor", BindingFlags.Static | BindingFlags.Public)?.GetValue(null))
            .OfType<FileDescriptor>()
            .OrderBy(file => file.Name, StringComparer.Ordinal)];
    }

    internal static IEnumerable<string> Of(FileDescriptor file)
    {
        return file.MessageTypes.SelectMany(OfMessage)
            .Concat(file.EnumTypes.SelectMany(OfEnum))
            .Concat(file.Services.SelectMany(service => service.Methods).Select(OfMethod));
    }

    /// <summary>A message and all that are declared in it, but the entries of maps.</summary>
    internal static IEnumerable<MessageDescriptor> WithNested(MessageDescriptor message) =>
        message.NestedTypes.Where(nested => nested.GetOptions()?.MapEntry != true).SelectMany(WithNested)
            .Prepend(message);

    /// <summary>The messages and enums that the fields and methods of a file refer to.</summary>
    internal static IEnumerable<FileDescriptor> FilesUsedBy(FileDescriptor file)
    {
        var methods = file.Services.SelectMany(service => service.Methods)
            .SelectMany(method => new[] { method.InputType.File, method.OutputType.File });
        return file.MessageTypes.SelectMany(FieldsOf).Select(FileOf).OfType<FileDescriptor>().Concat(methods);
    }

    private static IEnumerable<string> OfMessage(MessageDescriptor message)
    {
        if (message.GetOptions()?.MapEntry == true)
        {
            return [];
        }

        return message.Fields.InFieldNumberOrder().Select(OfField)
            .Prepend($"message {message.FullName}")
            .Concat(message.NestedTypes.SelectMany(OfMessage))
            .Concat(message.EnumTypes.SelectMany(OfEnum));
    }

    private static string OfField(FieldDescriptor field)
    {
        var shape = TypeOf(field);
        if (field.IsMap)
        {
            var entry = field.MessageType.Fields;
            shape = $"map<{TypeOf(entry[1])},{TypeOf(entry[2])}>";
        }
        else if (field.IsRepeated)
        {
            shape = "repeated " + shape;
        }

        var oneof = field.RealContainingOneof?.Name ?? "-";
        return $"field {field.ContainingType.FullName} {field.Name} {field.FieldNumber} {shape} oneof={oneof}";
    }

    private static IEnumerable<string> OfEnum(EnumDescriptor type)
    {
        return type.Values.Select(value => $"enum {type.FullName} {value.Name} {value.Number}");
    }

    private static string OfMethod(MethodDescriptor method)
    {
        static string Side(bool stream, MessageDescriptor type) => (stream ? "stream " : "") + type.FullName;
        return $"method {method.Service.FullName} {method.Name} "
            + $"{Side(method.IsClientStreaming, method.InputType)} -> "
            + Side(method.IsServerStreaming, method.OutputType);
    }

    private static string TypeOf(FieldDescriptor field)
    {
        return field.FieldType switch
        {
            FieldType.Message => field.MessageType.FullName,
            FieldType.Enum => field.EnumType.FullName,
            var scalar => scalar.ToString().ToLowerInvariant(),
        };
    }

    private static IEnumerable<FieldDescriptor> FieldsOf(MessageDescriptor message)
    {
        return message.Fields.InDeclarationOrder().Concat(message.NestedTypes.SelectMany(FieldsOf));
    }

    private static FileDescriptor? FileOf(FieldDescriptor field)
    {
        return field.FieldType switch
        {
            FieldType.Message => field.MessageType.File,
            FieldType.Enum => field.EnumType.File,
            _ => null,
        };
    }
}
