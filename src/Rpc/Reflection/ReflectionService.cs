using System.Globalization;
using Google.Protobuf.Reflection;
using Grpc.Reflection.V1;

namespace Fairlead.Rpc;

/// <summary>
/// <c>grpc.reflection.v1.ServerReflection</c>, also under its older name <c>grpc.reflection.v1alpha</c>, which tools
/// still ask for: it tells which services there are and hands out the protos behind them. It says nothing of what a
/// call would return, and whoever may not call a service may still read its protos. Immutable, thread-safe.
/// </summary>
public sealed class ReflectionService
{
    /// <summary>The method of the current version.</summary>
    public static readonly Method<ServerReflectionRequest, ServerReflectionResponse> InfoMethod =
        ReflectionReflection.Descriptor.Services[0]
            .Method<ServerReflectionRequest, ServerReflectionResponse>("ServerReflectionInfo");

    /// <summary>The method of the older version: the same messages under another name.</summary>
    public static readonly Method<ServerReflectionRequest, ServerReflectionResponse> AlphaInfoMethod = new(
        MethodType.DuplexStreaming,
        "grpc.reflection.v1alpha.ServerReflection",
        InfoMethod.Name,
        InfoMethod.RequestMarshaller,
        InfoMethod.ResponseMarshaller);

    private readonly DescriptorIndex _index;

    /// <summary>Describes the services of these files, and itself.</summary>
    /// <param name="files">The files in which the served services stand.</param>
    public ReflectionService(IEnumerable<FileDescriptor> files) =>
        _index = new DescriptorIndex([.. files, ReflectionReflection.Descriptor]);

    /// <summary>The service, to be served.</summary>
    public ServerServiceDefinition Build() => ServerServiceDefinition.CreateBuilder()
        .AddMethod(InfoMethod, AnswerAsync)
        .AddMethod(AlphaInfoMethod, AnswerAsync)
        .Build();

    private async Task AnswerAsync(
        IAsyncStreamReader<ServerReflectionRequest> requests,
        IServerStreamWriter<ServerReflectionResponse> responses,
        ServerCallContext context)
    {
        // Bounded by the number of files there are.
        var sent = new HashSet<string>(StringComparer.Ordinal);
        while (await requests.MoveNext(context.CancellationToken).ConfigureAwait(false))
        {
            await responses.WriteAsync(Answer(requests.Current, sent)).ConfigureAwait(false);
        }
    }

    private ServerReflectionResponse Answer(ServerReflectionRequest request, HashSet<string> sent)
    {
        var response = new ServerReflectionResponse { ValidHost = request.Host, OriginalRequest = request };
        switch (request.MessageRequestCase)
        {
            case ServerReflectionRequest.MessageRequestOneofCase.ListServices:
                response.ListServicesResponse = new ListServiceResponse
                {
                    Service = { _index.Services.Select(name => new ServiceResponse { Name = name }) },
                };
                break;
            case ServerReflectionRequest.MessageRequestOneofCase.FileByFilename:
                Put(response, _index.File(request.FileByFilename), $"file {request.FileByFilename}", sent);
                break;
            case ServerReflectionRequest.MessageRequestOneofCase.FileContainingSymbol:
                var symbol = request.FileContainingSymbol;
                Put(response, _index.FileOf(symbol), $"symbol {symbol}", sent);
                break;
            case ServerReflectionRequest.MessageRequestOneofCase.FileContainingExtension:
                // proto3 has no extensions but options, and none of the files served here declares one.
                var asked = request.FileContainingExtension;
                Put(response, null, string.Create(
                    CultureInfo.InvariantCulture, $"extension {asked.ExtensionNumber} of {asked.ContainingType}"),
                    sent);
                break;
            case ServerReflectionRequest.MessageRequestOneofCase.AllExtensionNumbersOfType:
                Extensions(response, request.AllExtensionNumbersOfType);
                break;
            default:
                throw new RpcException(new Status(StatusCode.InvalidArgument, "the request asks nothing"));
        }

        return response;
    }

    private static void Put(ServerReflectionResponse response, FileDescriptor? file, string what, HashSet<string> sent)
    {
        if (file is null)
        {
            response.ErrorResponse = NotFound(what);
            return;
        }

        // The file that was asked for always comes; what it imports only once in a stream.
        response.FileDescriptorResponse = new FileDescriptorResponse { FileDescriptorProto = { file.SerializedData } };
        sent.Add(file.Name);
        var waiting = new Queue<FileDescriptor>(file.Dependencies);
        while (waiting.TryDequeue(out var import))
        {
            if (sent.Add(import.Name))
            {
                response.FileDescriptorResponse.FileDescriptorProto.Add(import.SerializedData);
                foreach (var next in import.Dependencies)
                {
                    waiting.Enqueue(next);
                }
            }
        }
    }

    private void Extensions(ServerReflectionResponse response, string type)
    {
        if (_index.FileOf(type) is null)
        {
            response.ErrorResponse = NotFound($"type {type}");
            return;
        }

        response.AllExtensionNumbersResponse = new ExtensionNumberResponse { BaseTypeName = type };
    }

    private static ErrorResponse NotFound(string what) =>
        new() { ErrorCode = (int)StatusCode.NotFound, ErrorMessage = $"{what} is not known here" };
}
