using Fairlead.Controller;
using Fairlead.Hosting;

return await ProgramShell.RunAsync(program => Startup.RunAsync(args, program), Startup.IsRefused).ConfigureAwait(false);
