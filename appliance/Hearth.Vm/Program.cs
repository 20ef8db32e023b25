return Hearth.Vm.GuestProcess.Run(args);
