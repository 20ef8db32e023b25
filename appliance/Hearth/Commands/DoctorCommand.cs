using System.CommandLine;
using System.Text;
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
        Print(output, asJson ? HostFactsJson.Write(facts) + '\n' : HostTable.Write(facts, TerminalScreen.Width(output)));
        return ExitCode.Success;
    }

    /// <summary>Not by Console, which would keep quiet about a full disk.</summary>
    /// <exception cref="LinuxException">Standard output is closed, or takes no more.</exception>
    private static void Print(FileDescriptor output, string text)
    {
        try
        {
            output.Write(Encoding.UTF8.GetBytes(text));
        }
        catch (LinuxException error) when (error.IsUnheard)
        {
            // As of `hearth doctor | head -1`: who reads has all that was wanted.
        }
    }
}
