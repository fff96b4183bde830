using System.Globalization;
using Fairlead.Naming;
using Fairlead.Protocol.V1;
using Fairlead.TestKit.Processes;
using Google.Protobuf;

namespace Fairlead.Bench;

/// <summary>
/// A process that asks as many sidecars do: each over a connection and a stream of its own, spread over the home's
/// anchors. It verifies nothing, since what is measured is the anchors. Prints <c>ready</c> when every one was told
/// every name; to a line <c>arm</c> it says <c>armed</c>, and <c>seen</c> when each was told another record of the
/// first name. Ends with its stdin.
/// </summary>
internal sealed class SidecarCrowd
{
    /// <summary>The argument that makes this program one: COMMAND BOOTSTRAP KEY COUNT NAME,NAME.</summary>
    public const string Command = "--sidecars";

    private const int AtOnce = 10;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(8);

    private readonly Lock _gate = new();
    private readonly HashSet<int> _waiting = [];
    private bool _isArmed;

    /// <summary>Starts one in a process of its own; returns once every one was told every name.</summary>
    public static async Task<ChildProcess> StartAsync(
        DemoProcess demo, int count, IEnumerable<string> names, CancellationToken cancellationToken)
    {
        var process = ChildProcess.Start(
            "dotnet",
            [
                typeof(SidecarCrowd).Assembly.Location, Command, demo["BOOTSTRAP_FILE"], demo["KEY_FILE"],
                count.ToString(CultureInfo.InvariantCulture), string.Join(',', names),
            ]);
        try
        {
            await process.ReadLineAsync(Patience, cancellationToken);
            return process;
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    public static async Task<int> RunAsync(string bootstrap, string key, string count, string list)
    {
        using var pod = Pod.Read(bootstrap, key);
        using var stop = new CancellationTokenSource();
        var crowd = new SidecarCrowd();
        var questions = list.Split(',').Select(pod.Question).ToList();
        var full = Enumerable.Range(0, int.Parse(count, CultureInfo.InvariantCulture))
            .Select(_ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).ToList();
        var serving = new List<Task>();
        for (var i = 0; i < full.Count; i++)
        {
            serving.Add(crowd.ServeAsync(pod, questions, i, full[i], stop.Token));

            // A stream that ends before it is told to has failed, and this says why.
            await await Task.WhenAny(full[Math.Max(0, i - AtOnce)].Task, Task.WhenAny(serving).Unwrap());
        }

        await await Task.WhenAny(Task.WhenAll(full.Select(one => one.Task)), Task.WhenAny(serving).Unwrap());
        await Console.Out.WriteLineAsync("ready");
        while (await Task.Run(Console.In.ReadLine) is not null)
        {
            crowd.Arm(full.Count);
            await Console.Out.WriteLineAsync("armed");
        }

        await stop.CancelAsync();
        await Task.WhenAll(serving).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return 0;
    }

    private async Task ServeAsync(
        Pod pod,
        List<ResolveRequest> questions,
        int number,
        TaskCompletionSource full,
        CancellationToken cancellationToken)
    {
        await using var client = pod.Connect(number);
        using var call = client.Subscribe(cancellationToken);
        for (var i = 0; i < questions.Count; i++)
        {
            await call.RequestStream.WriteAsync(
                new SubscribeRequest { Open = new Open { Id = (ulong)i, Request = questions[i] } }, cancellationToken);
        }

        var told = new HashSet<ulong>();
        var record = ByteString.Empty;
        while (await call.ResponseStream.MoveNext(cancellationToken))
        {
            var response = call.ResponseStream.Current;
            if (response.KindCase != SubscribeResponse.KindOneofCase.Update)
            {
                continue; // Behind for a moment: it is told again.
            }

            told.UnionWith(response.Update.Ids);
            if (told.Count == questions.Count)
            {
                full.TrySetResult();
            }

            if (response.Update.Ids.Contains(0UL) && RecordOf(response.Update.Answer) is { } now && !now.Equals(record))
            {
                record = now;
                Note(number);
            }
        }

        throw new InvalidOperationException($"the anchor ended stream {number}");
    }

    private static ByteString? RecordOf(Answer answer) => answer.Hops.SelectMany(hop => hop.Proofs)
        .FirstOrDefault(proof => proof.Class == (uint)LeafClass.Record)?.Leaf;

    private void Arm(int count)
    {
        lock (_gate)
        {
            _isArmed = true;
            _waiting.UnionWith(Enumerable.Range(0, count));
        }
    }

    private void Note(int number)
    {
        lock (_gate)
        {
            if (_isArmed && _waiting.Remove(number) && _waiting.Count == 0)
            {
                _isArmed = false;
                Console.Out.WriteLine("seen");
            }
        }
    }
}
