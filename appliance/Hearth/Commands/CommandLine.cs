using System.CommandLine;
using System.CommandLine.Help;
using Hearth.Linux;
using Hearth.Protocol;
using Hearth.Screen;

namespace Hearth.Commands;

/// <summary>The <c>hearth</c> command. Every mistake ends in one sentence on standard error and a documented exit code.</summary>
internal static class CommandLine
{
    public static int Run(string[] arguments)
    {
        try
        {
            // No response files: a kernel's command line may begin with '@'.
            ParseResult parsed = Build().Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null });
            if (parsed.Errors.Count > 0)
                throw new UsageException(parsed.Errors[0].Message.TrimEnd('.'));
            return parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
        }
        catch (Exception error) when (error is UsageException or LinuxException)
        {
            Console.Error.WriteLine($"hearth: {error.Message}.");
            return ExitCode.Configuration;
        }
    }

    /// <summary>What <see cref="ScreenWatcher.Start"/> starts; nobody types it.</summary>
    private static Command WatchScreen()
    {
        var arguments = new Argument<string[]>("arguments") { Arity = ArgumentArity.ZeroOrMore };
        var command = new Command(ScreenWatcher.Command) { Hidden = true };
        command.Add(arguments);
        command.SetAction(parsed => ScreenWatcher.Run(parsed.GetValue(arguments) ?? []));
        return command;
    }

    private static RootCommand Build()
    {
        var root = new RootCommand("Hearth turns one PC into several: it runs guests, each a virtual machine of its own.");
        var machines = new Command("vm", "Run virtual machines directly, without the appliance around them.");
        machines.Add(VmRunCommand.Build());
        root.Add(machines);
        root.Add(DiskCommand.Build());
        root.Add(SwitchCommand.Build());
        root.Add(DoctorCommand.Build());
        root.Add(WatchScreen());

        // A command of commands alone shows what it has.
        root.SetAction(parsed => new HelpAction().Invoke(parsed));
        machines.SetAction(parsed => new HelpAction().Invoke(parsed));
        return root;
    }
}
