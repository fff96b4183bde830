using Fairlead.Sidecar.Hosting;

return await SidecarProgram.RunAsync(args).ConfigureAwait(false);
