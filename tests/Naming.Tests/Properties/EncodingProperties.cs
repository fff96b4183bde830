using System.Text;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace Fairlead.Naming.Tests.Properties;

/// <summary>One encoding per value: what is written is read back as the same value, and no other bytes are.</summary>
public sealed class EncodingProperties
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private static readonly Gen<string> Label = from letters in Gen.NonEmptyListOf(Gen.Elements("abz09-".ToCharArray()))
                                                let text = $"a{string.Concat(letters.Take(40))}z"
                                                select text;

    private static readonly Gen<long> Time = from high in Gen.Choose(0, (1 << 21) - 1)
                                             from low in Gen.Choose(0, int.MaxValue)
                                             select ((long)high << 31) | (uint)low;

    private static readonly Gen<SliceEndpoint> Endpoint =
        from address in Gen.Choose(0, int.MaxValue)
        from host in Gen.OrNull(Label)
        from zone in Gen.OrNull(Label)
        from state in Gen.Elements(null, EndpointState.Unready, EndpointState.Draining)
        from weight in Gen.Elements<long?>(null, 1, 65_535)
        select new SliceEndpoint
        {
            Address = IpAddress.Format(new System.Net.IPAddress(BitConverter.GetBytes(address))),
            Host = host,
            State = state,
            Weight = weight,
            Zone = zone,
        };

    private static readonly Gen<Slice> Slices =
        from service in Label
        from endpoints in Gen.NonEmptyListOf(Endpoint)
        from ports in Gen.NonEmptyListOf(Gen.Choose(1, 65_535))
        from region in Gen.OrNull(Label)
        select new Slice
        {
            Endpoints =
            [
                .. endpoints.DistinctBy(one => one.Address).Take(100)
                    .OrderBy(one => one.Address, StringComparer.Ordinal)
                        .ThenBy(one => one.Host, StringComparer.Ordinal),
            ],
            Name = ServicePart.Parse($"{service}.shop.svc"),
            Ports = [.. ports.Take(100)],
            Region = region,
        };

    private static readonly Gen<Seal> Seals =
        from times in Gen.ListOf(Time, 5)
        from prev in Gen.Elements(true, false)
        select new Seal
        {
            Count = times[0],
            Epoch = times[1],
            EpochDigest = Digest.Sha256("e"u8),
            Expires = times[2],
            Issued = times[3],
            Prev = prev ? Digest.Sha256("p"u8) : null,
            Root = Digest.Sha256("r"u8),
            Segment = Digest.Sha256("s"u8),
            Seq = times[4],
        };

    [Fact]
    public void Slice_Written_IsReadBackAndOnlyFromItsOwnBytes() => Property.Holds(Slices, IsTheOneForm);

    [Fact]
    public void Seal_Written_IsReadBackAndOnlyFromItsOwnBytes() => Property.Holds(Seals, IsTheOneForm);

    private static bool IsTheOneForm<T>(T value)
        where T : Document, IDocument<T>
    {
        var bytes = value.Encode();
        return Document.TryParse<T>(bytes, out var parsed, out _)
            && parsed.Value.Encode().AsSpan().SequenceEqual(bytes)
            && OtherForms(bytes).All(other => !Document.TryParse<T>(Encoding.UTF8.GetBytes(other), out _, out _));
    }

    // The same JSON value in other words: any reader but this one would take each of them for the same document.
    private static IEnumerable<string> OtherForms(byte[] bytes)
    {
        using var json = JsonDocument.Parse(bytes);
        var members = json.RootElement.EnumerateObject()
            .Select(member => $"\"{member.Name}\":{member.Value.GetRawText()}");
        var list = members.ToList();
        var text = Encoding.ASCII.GetString(bytes);
        yield return $"{{{string.Join(',', list.AsEnumerable().Reverse())}}}";
        yield return $"{{{string.Join(',', list.Append(list[^1]))}}}";
        yield return $"{{ {string.Join(',', list)}}}";
        yield return text.Replace(":", ": ", StringComparison.Ordinal);
        yield return $"{{\"\\u{(int)text[2]:x4}{text[3..]}";
        yield return JsonSerializer.Serialize(json.RootElement, Indented);
        yield return text + " ";
        yield return "\uFEFF" + text;
    }
}
