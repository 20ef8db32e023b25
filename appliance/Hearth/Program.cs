using Hearth.Commands;
using Hearth.Linux;

// Before anything is compiled or read: a daemon that comes back beside guests that compute would wait for seconds. It has an ordinary share again when it is up (DaemonProcess).
if (args is ["up", ..] && !RoundRobin.TryTake())
    _ = SessionShare.TrySet(SessionShare.Larger);
return CommandLine.Run(args);
