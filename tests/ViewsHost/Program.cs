// ViewsHost --listen ADDR --names N --endpoints M
// XdsHost with a sidecar's views in the place of a plain list, and so with all types and everything that clients ask for
// on demand: svc-0.shop.svc.us1.internal .. svc-(N-1), of which the even ones are imports, and each fourth one has
// identities and a bundle. The lines and exit codes are those of XdsHost.
using Fairlead.ViewsHost;
using Fairlead.XdsHost;

return await HostProgram.RunAsync(args, ServedList.Open, Console.In, Console.Out, Console.Error);
