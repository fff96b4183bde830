using System.Collections.Immutable;
using Fairlead.Hosting;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol.Files;
using Fairlead.Resolver.Home;
using Microsoft.Extensions.Logging;

namespace Fairlead.Sidecar.Hosting;

/// <summary>What a resolver of this sidecar starts from: bootstrap file, key, state folder. Immutable; owns the
/// identity.</summary>
internal sealed record ResolverSetup(HomeResolverOptions Options, Subject Subject) : IDisposable
{
    /// <summary>The file of the verifier's memory, in the state folder.</summary>
    internal const string VerifierState = "verifier.state";

    /// <summary>Reads the files that the configuration names.</summary>
    /// <exception cref="StartException">One of them cannot be used; the message names it and the remedy.</exception>
    internal static ResolverSetup Read(SidecarOptions options, TimeProvider time, Random random, ILogger logger)
    {
        PodProof? pod = null;
        try
        {
            var bootstrap = BootstrapFile.Read(options.Bootstrap);
            pod = PodProof.Read(options, time, logger);
            var subject = options.Subject ?? pod.Subject ?? bootstrap.SubjectOf(pod.Key)
                ?? throw new StartException(NoSubject(options));
            return new ResolverSetup(Of(options, bootstrap, pod, subject, time, random), subject);
        }
        catch (Exception e) when (e is KeyFileException or InvalidDataException or IOException
            or UnauthorizedAccessException)
        {
            pod?.Dispose();
            throw new StartException(e.Message, e);
        }
    }

    /// <summary>What to do where nobody says who the pod is.</summary>
    internal static string NoSubject(SidecarOptions options) => options.Identity.Svid is not null
        || options.Identity.Token is not null
        ? "the pod's proof names no namespace and account; write subject: namespace/account into the configuration"
        : $"bootstrap file {options.Bootstrap}: subjects has no entry for the pod's key {options.Identity.Key}; "
        + "add one, or write subject: namespace/account into the configuration";

    public void Dispose() => Options.Identity.Dispose();

    private static HomeResolverOptions Of(
        SidecarOptions options,
        BootstrapFile bootstrap,
        PodProof pod,
        Subject subject,
        TimeProvider time,
        Random random) =>
        new()
        {
            Home = HomeOf(bootstrap),
            Anchors = bootstrap.Endpoints,
            Pins = PinsOf(bootstrap),
            Identity = pod.Identity,
            Proof = pod.Proof,
            StateFile = InFolder(options, VerifierState),
            AnswerFolder = InFolder(options, "answers"),
            Verifier = new VerifierOptions
            {
                UnsafeAllowLoopbackEndpoints =
                    options.UnsafeAllowLoopbackEndpoints || bootstrap.UnsafeAllowLoopbackEndpoints,
                TtlCap = options.TtlCap is { } cap ? (long)cap.TotalMilliseconds : null,
                Subject = subject,
            },
            Time = time,
            Random = random,
        };

    /// <summary>The home as a verifier starts from it.</summary>
    internal static HomePin HomeOf(BootstrapFile bootstrap) =>
        new(bootstrap.Home.Genesis, bootstrap.Home.Name, bootstrap.Home.Floor);

    /// <summary>The other segments that are known beforehand.</summary>
    internal static ImmutableArray<KeyValuePair<SegmentName, Pin>> PinsOf(BootstrapFile bootstrap) =>
        [.. bootstrap.Pins.Select(pin => KeyValuePair.Create(pin.Name, new Pin(pin.Genesis, null, pin.Floor)))];

    /// <summary>A file in the state folder, which is made; null where nothing is remembered.</summary>
    internal static string? InFolder(SidecarOptions options, string file)
    {
        if (options.State is not { } folder)
        {
            return null;
        }

        try
        {
            Directory.CreateDirectory(
                folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            if (WritableFolder.Trouble(folder) is { } trouble)
            {
                throw new IOException(trouble);
            }

            return Path.Combine(folder, file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StartException(
                $"{VerificationFailure.StateNotDurable}: state folder {folder}: {e.Message}; "
                + "give a folder that can be written",
                e);
        }
    }
}
