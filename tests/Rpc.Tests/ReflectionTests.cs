using Google.Protobuf.Reflection;
using Grpc.Health.V1;
using Grpc.Reflection.V1;

namespace Fairlead.Rpc.Tests;

public sealed class ReflectionTests
{
    private static readonly string[] Services = ["grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection"];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Services_AreListed(bool alpha)
    {
        var answers = await AskAsync(alpha, new ServerReflectionRequest { Host = "h", ListServices = "" });
        Assert.Equal("h", answers[0].ValidHost);
        Assert.Equal(Services, answers[0].ListServicesResponse.Service.Select(service => service.Name));
    }

    [Theory]
    [InlineData("grpc.health.v1.Health")]
    [InlineData("grpc.health.v1.Health.Check")]
    [InlineData("grpc.health.v1.HealthCheckRequest")]
    [InlineData("grpc.health.v1.HealthCheckRequest.service")]
    [InlineData("grpc.health.v1.HealthCheckResponse.ServingStatus")]
    public async Task Symbol_OfAnyKind_HasItsFile(string symbol)
    {
        var answers = await AskAsync(false, new ServerReflectionRequest { FileContainingSymbol = symbol });
        var bytes = Assert.Single(answers[0].FileDescriptorResponse.FileDescriptorProto);
        Assert.Equal(HealthReflection.Descriptor.Name, FileDescriptorProto.Parser.ParseFrom(bytes).Name);
        Assert.Equal(symbol, answers[0].OriginalRequest.FileContainingSymbol);
    }

    /// <summary>What a file imports comes once in a stream, the file that was asked for always.</summary>
    [Fact]
    public async Task File_WithImports_BringsThemOnce()
    {
        var name = Fairlead.Rpc.Protobuf.StatusReflection.Descriptor.Name;
        var answers = await AskAsync(
            false,
            new ServerReflectionRequest { FileByFilename = name },
            new ServerReflectionRequest { FileByFilename = name });
        var files = answers.Select(answer => answer.FileDescriptorResponse.FileDescriptorProto
            .Select(bytes => FileDescriptorProto.Parser.ParseFrom(bytes).Name)).ToList();
        Assert.Equal([name, "google/protobuf/any.proto"], files[0]);
        Assert.Equal([name], files[1]);
    }

    [Fact]
    public async Task Unknown_IsNotFoundAndTheStreamGoesOn()
    {
        var answers = await AskAsync(
            false,
            new ServerReflectionRequest { FileContainingSymbol = "no.Such" },
            new ServerReflectionRequest { FileByFilename = "no/such.proto" },
            new ServerReflectionRequest { AllExtensionNumbersOfType = "no.Such" },
            new ServerReflectionRequest
            {
                FileContainingExtension = new ExtensionRequest
                {
                    ContainingType = "grpc.health.v1.HealthCheckRequest", ExtensionNumber = 7,
                },
            },
            new ServerReflectionRequest { AllExtensionNumbersOfType = "grpc.health.v1.HealthCheckRequest" });
        Assert.All(answers.Take(4), answer => Assert.Equal((int)StatusCode.NotFound, answer.ErrorResponse.ErrorCode));
        Assert.Empty(answers[4].AllExtensionNumbersResponse.ExtensionNumber);
    }

    [Fact]
    public async Task Nothing_Asked_IsAnInvalidArgument()
    {
        var failure = await Assert.ThrowsAsync<RpcException>(() => AskAsync(false, new ServerReflectionRequest()));
        Assert.Equal(StatusCode.InvalidArgument, failure.StatusCode);
    }

    private static async Task<List<ServerReflectionResponse>> AskAsync(
        bool alpha, params ServerReflectionRequest[] requests)
    {
        var options = new RpcServerOptions();
        options.Endpoints.Add(RpcEndpoint.Tcp(Servers.Any));
        options.Services.Add(new HealthService().Build());
        options.Services.Add(
            new ReflectionService([HealthReflection.Descriptor, Fairlead.Rpc.Protobuf.StatusReflection.Descriptor])
                .Build());
        await using var server = await RpcServer.StartAsync(options, Servers.Token);
        await using var channel = Servers.Connect(server);
        using var call = channel.CreateCallInvoker().AsyncDuplexStreamingCall(
            alpha ? ReflectionService.AlphaInfoMethod : ReflectionService.InfoMethod, null, default);
        foreach (var request in requests)
        {
            await call.RequestStream.WriteAsync(request);
        }

        await call.RequestStream.CompleteAsync();
        return await call.ResponseStream.ReadAllAsync(Servers.Token).ToListAsync(Servers.Token);
    }
}
