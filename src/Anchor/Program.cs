using Fairlead.Anchor.Hosting;

return await AnchorProgram.RunAsync(args).ConfigureAwait(false);
