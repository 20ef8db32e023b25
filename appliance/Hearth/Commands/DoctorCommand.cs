using System.CommandLine;
using Hearth.Doctor;
using Hearth.Doctor.Facts;
using Hearth.Linux;
using Hearth.Protocol;

namespace Hearth.Commands;

/// <summary><c>hearth doctor</c>: tells what guests run on here, and every fact about this host. Whatever it finds is no failure.</summary>
internal static class DoctorCommand
{
    public static Command Build()
    {
        var json = new Option<bool>("--json") { Description = "Print one JSON document, for programs, instead of a table.", Arity = ArgumentArity.Zero };
        var command = new Command("doctor", "Tell what this host has for guests: processor, KVM and why it is taken or not, memory, devices, versions.");
        command.Add(json);
        command.SetAction(parsed => Run(parsed.GetValue(json)));
        return command;
    }

    private static int Run(bool asJson)
    {
        using var output = new FileDescriptor(1);
        HostFacts facts = HostInspection.Run();
        StandardOutput.Write(output, asJson ? HostFactsJson.Write(facts) + '\n' : HostTable.Write(facts, TerminalScreen.Width(output)));
        return ExitCode.Success;
    }
}
