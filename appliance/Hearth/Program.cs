using Hearth.Commands;

return CommandLine.Run(args);
