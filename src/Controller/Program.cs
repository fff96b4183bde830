using Fairlead.Controller;

var registrations = new List<IDisposable>();
using var stop = Startup.OnSignals(registrations);
try
{
    return await Startup.RunAsync(args, Console.Out, Console.Error, stop.Token).ConfigureAwait(false);
}
finally
{
    registrations.ForEach(registration => registration.Dispose());
}
