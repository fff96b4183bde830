// XdsHost --listen ADDR --names N --endpoints M
// Serves the endpoints of svc-0 .. svc-(N-1) by all variants of xDS, M endpoints each over three zones. ADDR is
// HOST:PORT or unix:PATH. Prints "ready", then changes one endpoint's weight in a name for each line "u NAME" on stdin,
// prints "streams S managed BYTES anonymous BYTES" for each line "m", after three compacting collections, and ends with
// its input. Exit codes: 0 input ended or told to end, 2 wrong arguments or an address in use, 3 a line that is none of
// these or says no name of its own.
using Fairlead.XdsHost;

return await HostProgram.RunAsync(args, ServiceList.Open, Console.In, Console.Out, Console.Error);
