using System.Runtime.InteropServices;
using Fairlead.Anchor.Hosting;
using Fairlead.Configuration;
using Fairlead.Hosting;
using Fairlead.Liar;
using Microsoft.Extensions.Logging;

if (args is not ["--config", var path, "--lie", var name] || !Lie.All.TryGetValue(name, out var make))
{
    await Console.Error.WriteLineAsync($"usage: Liar --config anchor.yaml --lie {string.Join('|', Lie.All.Keys)}");
    return 2;
}

using var stop = new CancellationTokenSource();
using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var loggers = LoggerFactory.Create(logging => logging
    .AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace)
    .SetMinimumLevel(LogLevel.Information));
try
{
    var options = AnchorOptions.Load(path, EnvironmentVariables.Read());
    await using var anchor = await LyingAnchor.StartAsync(
        options, make(Path.GetDirectoryName(Path.GetFullPath(path))!), loggers, stop.Token);
    using var told = PosixSignalRegistration.Create(PosixSignal.SIGHUP, context =>
    {
        context.Cancel = true;
        anchor.Turn();
    });
    await Console.Out.WriteLineAsync("ready");
    await anchor.WaitAsync(stop.Token);
    return 0;
}
catch (Exception e) when (e is ConfigurationException or StartException)
{
    await Console.Error.WriteLineAsync(e.Message);
    return 2;
}
catch (OperationCanceledException) when (stop.IsCancellationRequested)
{
    return 0; // Told to end before it had started.
}
catch (Exception e)
{
    await Console.Error.WriteLineAsync($"the liar ends: {e}");
    return 1;
}

void Stop(PosixSignalContext context)
{
    context.Cancel = true;
    stop.Cancel();
}
