using System.Diagnostics.CodeAnalysis;

namespace Fairlead.Rpc;

/// <summary>What a caller gives a call beside its request. Immutable.</summary>
public readonly record struct CallOptions
{
    /// <summary>Options of one call.</summary>
    /// <param name="headers">Request metadata.</param>
    /// <param name="deadline">UTC instant by the channel's clock; null or <see cref="DateTime.MaxValue"/> for
    /// none.</param>
    /// <param name="cancellationToken">Cancels the call (RST_STREAM with CANCEL).</param>
    /// <param name="writeOptions">Defaults of the request stream.</param>
    [SuppressMessage("Design", "CA1068", Justification = "The order of Grpc.Core's constructor.")]
    public CallOptions(
        Metadata? headers = null,
        DateTime? deadline = null,
        CancellationToken cancellationToken = default,
        WriteOptions? writeOptions = null)
    {
        Headers = headers;
        Deadline = deadline;
        CancellationToken = cancellationToken;
        WriteOptions = writeOptions;
    }

    /// <summary>Request metadata.</summary>
    public Metadata? Headers { get; private init; }

    /// <summary>UTC instant after which the call fails with <see cref="StatusCode.DeadlineExceeded"/>.</summary>
    public DateTime? Deadline { get; private init; }

    /// <summary>Cancels the call.</summary>
    public CancellationToken CancellationToken { get; private init; }

    /// <summary>Defaults of the request stream.</summary>
    public WriteOptions? WriteOptions { get; private init; }

    /// <summary>These options with other metadata.</summary>
    public CallOptions WithHeaders(Metadata headers) => this with { Headers = headers };

    /// <summary>These options with another deadline (UTC).</summary>
    public CallOptions WithDeadline(DateTime deadline) => this with { Deadline = deadline };

    /// <summary>These options with another token.</summary>
    public CallOptions WithCancellationToken(CancellationToken cancellationToken) =>
        this with { CancellationToken = cancellationToken };

    /// <summary>These options with other write options.</summary>
    public CallOptions WithWriteOptions(WriteOptions writeOptions) => this with { WriteOptions = writeOptions };
}
