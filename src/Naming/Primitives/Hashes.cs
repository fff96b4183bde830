using System.Security.Cryptography;
using System.Text;

namespace Fairlead.Naming;

/// <summary>The hashes of 4.0 that are not a document's: each has a prefix of its own, so that none can stand for
/// another. Stateless, thread-safe.</summary>
public static class Hashes
{
    /// <summary>The policy digest: what an Attest names, so that a decision does not outlive its policy.</summary>
    public static Digest Policy(Policy policy)
    {
        ArgumentNullException.ThrowIfNull(policy);
        using var hash = Start("fairlead-policy/1");
        hash.AppendData(CanonicalWriter.Encode(policy, static (writer, value) => value.WriteMembers(writer)));
        return End(hash);
    }

    /// <summary>The subject digest: who asks, without saying it.</summary>
    /// <param name="home">The genesis digest of the subject's home.</param>
    /// <param name="subject">The subject.</param>
    public static Digest Subject(Digest home, Subject subject)
    {
        ArgumentNullException.ThrowIfNull(subject);
        using var hash = Start("fairlead-subject/1");
        Append(hash, home);
        hash.AppendData(Encoding.ASCII.GetBytes(subject.Namespace));
        hash.AppendData([0]);
        hash.AppendData(Encoding.ASCII.GetBytes(subject.Account));
        return End(hash);
    }

    /// <summary>The rules digest: a policy's commitment to all Rule leaves.</summary>
    /// <param name="commitments">The digests of the Rule documents, in any order.</param>
    public static Digest Rules(IEnumerable<Digest> commitments)
    {
        using var hash = Start("fairlead-rules/1");
        foreach (var commitment in commitments.Order())
        {
            Append(hash, commitment);
        }

        return End(hash);
    }

    /// <summary>The place of a (class, name) in a segment's tree: blinded by genesis and salt.</summary>
    /// <param name="genesis">The segment's genesis digest.</param>
    /// <param name="salt">The salt of its newest epoch.</param>
    /// <param name="leafClass">The leaf's class.</param>
    /// <param name="name">The name hashed for that class.</param>
    public static Digest TreeKey(Digest genesis, Hex16 salt, LeafClass leafClass, string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        Span<byte> part = stackalloc byte[Hex16.Size + 1];
        salt.CopyTo(part);
        part[Hex16.Size] = (byte)leafClass;
        using var hash = Start("fairlead-name/1");
        Append(hash, genesis);
        hash.AppendData(part);
        hash.AppendData(Encoding.ASCII.GetBytes(name));
        return End(hash);
    }

    private static IncrementalHash Start(string prefix)
    {
        var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.ASCII.GetBytes(prefix));
        hash.AppendData([0]);
        return hash;
    }

    private static void Append(IncrementalHash hash, Digest digest)
    {
        Span<byte> bytes = stackalloc byte[Digest.Size];
        digest.CopyTo(bytes);
        hash.AppendData(bytes);
    }

    private static Digest End(IncrementalHash hash)
    {
        Span<byte> bytes = stackalloc byte[Digest.Size];
        hash.GetHashAndReset(bytes);
        return Digest.FromBytes(bytes);
    }
}
