using System.Security.Cryptography;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol.Files;
using Fairlead.Protocol.V1;
using Fairlead.Resolver;
using Fairlead.Resolver.Anchors;
using Fairlead.Resolver.Home;
using Fairlead.Rpc;
using Google.Protobuf;
using Query = Fairlead.Naming.Query;
using Subject = Fairlead.Naming.Subject;

namespace Fairlead.Bench;

/// <summary>What a sidecar of a demo's pod starts from, for resolvers in this process. Thread-safe.</summary>
internal sealed class Pod : IDisposable
{
    private readonly BootstrapFile _bootstrap;
    private readonly ECDsa _key;
    private readonly TlsIdentity _identity;

    private Pod(BootstrapFile bootstrap, ECDsa key, Subject subject)
    {
        _bootstrap = bootstrap;
        _key = key;
        _identity = new TlsIdentity(key, TimeProvider.System);
        Subject = subject;
    }

    /// <summary>Who it is.</summary>
    public Subject Subject { get; }

    /// <summary>Reads the files that the demo wrote for its pod.</summary>
    public static Pod Read(string bootstrapFile, string keyFile)
    {
        var bootstrap = BootstrapFile.Read(bootstrapFile);
        using var signer = KeyFile.LoadSigner(keyFile);
        var subject = bootstrap.SubjectOf(signer.Key)
            ?? throw new InvalidOperationException("the demo's key has no pod");
        return new Pod(bootstrap, KeyFile.Load(keyFile), subject);
    }

    /// <summary>A resolver that remembers nothing and has not started.</summary>
    /// <param name="changed">Hears of every change of a name, on the resolver's task.</param>
    /// <param name="seed">Of its spreading of renewals.</param>
    public HomeResolver Resolver(Action<CachedName> changed, int seed) => new(
        new HomeResolverOptions
        {
            Home = new HomePin(_bootstrap.Home.Genesis, _bootstrap.Home.Name, _bootstrap.Home.Floor),
            Anchors = _bootstrap.Endpoints,
            Identity = _identity,
            Verifier = new VerifierOptions { UnsafeAllowLoopbackEndpoints = true, Subject = Subject },
            Random = new Random(seed),
        },
        Subject,
        new NameObserver(changed, static _ => { }, static _ => { }));

    /// <summary>A connection to one anchor of the home, taken in turn.</summary>
    public AnchorClient Connect(int number) =>
        new(_bootstrap.Endpoints[number % _bootstrap.Endpoints.Length], _identity, TimeProvider.System);

    /// <summary>The pod's question for a name.</summary>
    public ResolveRequest Question(string name)
    {
        var query = Document.Make(new Query
        {
            Home = _bootstrap.Home.Genesis,
            Name = FullName.Parse(name),
            Subject = Hashes.Subject(_bootstrap.Home.Genesis, Subject),
        });
        return new ResolveRequest { Query = UnsafeByteOperations.UnsafeWrap(query.Payload) };
    }

    public void Dispose()
    {
        _identity.Dispose();
        _key.Dispose();
    }
}
