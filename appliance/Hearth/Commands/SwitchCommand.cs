using System.CommandLine;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Hearth.Launch;
using Hearth.Linux;
using Hearth.Protocol;
using Hearth.Switch;

namespace Hearth.Commands;

/// <summary><c>hearth switch</c>: an Ethernet switch for guests, which runs until it is told to end.</summary>
internal sealed class SwitchCommand
{
    private const string DefaultLan = "lan";

    private readonly Option<string> _folder = new("--socket") { Description = "Folder for the sockets, one for each port, by its name.", HelpName = "DIR", Required = true };
    private readonly Option<string[]> _ports = new("--port")
    {
        Description = "A port for `hearth vm run --net switch:DIR/NAME`. Ports reach each other when they share a LAN. [default LAN: lan] A port is one station's, whose address the guest and the switch "
            + "make of the socket's name, unless mac= gives it; mac=any allows any. May be repeated.",
        HelpName = "NAME[,lan=LAN[+LAN…]][,mac=ADDRESS|any]",
        Arity = ArgumentArity.OneOrMore,
        Required = true,
    };

    private readonly Option<bool> _stats = new("--stats") { Description = "At the end print on standard error what was counted, a line for each port." };

    private SwitchCommand()
    {
    }

    public static Command Build()
    {
        var options = new SwitchCommand();
        var command = new Command("switch", "Join guests to a network of their own, or keep them apart, until Ctrl-C.");
        command.Add(options._folder);
        command.Add(options._ports);
        command.Add(options._stats);
        command.SetAction(parsed => options.Run(parsed));
        return command;
    }

    private int Run(ParseResult parsed)
    {
        string folder = parsed.GetValue(_folder)!;
        if (!Directory.Exists(folder))
            throw new UsageException($"--socket: {folder} is no folder");
        SwitchPortOptions[] ports = [.. parsed.GetValue(_ports)!.Select(text => ParsePort(folder, text))];
        var open = new List<string>();
        try
        {
            using VirtualSwitch fabric = Open(folder, ports, open);
            using PosixSignalRegistration interrupt = EndOn(PosixSignal.SIGINT, fabric);
            using PosixSignalRegistration terminate = EndOn(PosixSignal.SIGTERM, fabric);
            using PosixSignalRegistration hangUp = EndOn(PosixSignal.SIGHUP, fabric);
            fabric.Run();
            if (parsed.GetValue(_stats))
            {
                foreach (string line in fabric.Figures())
                    Console.Error.WriteLine(line);
            }

            return ExitCode.Success;
        }
        finally
        {
            foreach (string socket in open)
                File.Delete(socket);
        }
    }

    private static VirtualSwitch Open(string folder, SwitchPortOptions[] ports, List<string> open)
    {
        try
        {
            // Whether they make sense together, before anything is made.
            _ = new SwitchRules(ports, 0);
            var sockets = new List<(SwitchPortOptions, SafeSocketHandle)>();
            foreach (SwitchPortOptions port in ports)
            {
                string path = Path.Combine(folder, port.Name);
                sockets.Add((port, new SafeSocketHandle(FileDescriptor.Listen(path).Number, ownsHandle: true)));
                open.Add(path);
            }

            return new VirtualSwitch(sockets, sentence => Console.Error.WriteLine($"hearth: {sentence}."));
        }
        catch (ArgumentException error)
        {
            throw new UsageException($"--port: {error.Message}", error);
        }
        catch (LinuxException error)
        {
            throw new UsageException($"--port: {error.Message}", error);
        }
    }

    private static PosixSignalRegistration EndOn(PosixSignal signal, VirtualSwitch fabric) => PosixSignalRegistration.Create(signal, context =>
    {
        context.Cancel = true;
        fabric.Stop();
    });

    private static SwitchPortOptions ParsePort(string folder, string text)
    {
        string[] parts = text.Split(',');
        string name = parts[0];
        if (name.Length == 0 || name.Contains('/', StringComparison.Ordinal) || name is "." or "..")
            throw new UsageException($"--port {text}: \"{name}\" cannot be the name of a socket in {folder}");
        string[] lans = [DefaultLan];
        EthernetAddress? address = GuestNetwork.AddressOfPort(Path.Combine(folder, name));
        foreach (string setting in parts.Skip(1))
        {
            if (setting.StartsWith("lan=", StringComparison.Ordinal))
                lans = ParseLans(text, setting["lan=".Length..]);
            else if (setting == "mac=any")
                address = null;
            else if (setting.StartsWith("mac=", StringComparison.Ordinal) && EthernetAddress.TryParse(setting["mac=".Length..], out EthernetAddress given))
                address = given;
            else
                throw new UsageException($"--port {text}: {setting} is none of lan=LAN[+LAN…], mac=ADDRESS and mac=any");
        }

        return new SwitchPortOptions(name, lans, address);
    }

    private static string[] ParseLans(string text, string lans)
    {
        string[] names = lans.Split('+');
        return names.All(name => name.Length != 0) ? names : throw new UsageException($"--port {text}: a LAN has no name");
    }
}
