using Fairlead.Xds.Csds;

namespace Fairlead.Xds.Streams;

internal sealed partial class StreamSession<TRequest, TResponse>
{
    // An operator who has more of them needs no list.
    private const int WithheldMax = 100;

    /// <summary>What operators see of the stream; null until its first request came.</summary>
    public StreamStatus? Describe()
    {
        lock (_gate)
        {
            return _stream is null
                ? null
                : new StreamStatus(id, peer, service.Name, _node, _startedAt, [.. _stream.Types.Select(Describe)]);
        }
    }

    public StreamResources? Resources()
    {
        lock (_gate)
        {
            return _stream is { } stream ? new StreamResources(_node, _startedAt, () => Resources(stream)) : null;
        }
    }

    private IReadOnlyList<ResourceStatus> Resources(DiscoveryStream<TRequest, TResponse> stream)
    {
        lock (_gate)
        {
            return [.. stream.Types.SelectMany(type => type.Resources())];
        }
    }

    private TypeStatus Describe(TypeState type)
    {
        return new TypeStatus(
            type.Type,
            type.Subscription.Wildcard,
            [.. type.Subscription.Names.Order(StringComparer.Ordinal)],
            type.Sent.Count,
            type.Answered ? type.LastVersion : "",
            type.Answered ? _startedAt + type.LastSentAt : null,
            type.AckedVersion,
            type.AckedAt is { } at ? _startedAt + at : null,
            type.Waiting,
            type.Refused)
        {
            RefusedAt = type.Refused is { } refused ? _startedAt + refused.At : null,
            RefusedNames = [.. type.RefusedNames],
            Withheld = [.. type.Withheld.Names.Order(StringComparer.Ordinal).Take(WithheldMax).Select(
                name => new WithheldResource(name, type.Withheld.ReasonOf(name)!.Message))],
        };
    }
}
