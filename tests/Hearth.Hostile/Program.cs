return Hearth.Hostile.HostileProcess.Run(args);
