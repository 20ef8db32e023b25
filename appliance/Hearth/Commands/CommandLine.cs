using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using System.Text.RegularExpressions;
using Hearth.Api;
using Hearth.Linux;
using Hearth.Protocol;
using Hearth.Screen;

namespace Hearth.Commands;

/// <summary>The <c>hearth</c> command. Every mistake ends in one sentence on standard error and a documented exit code.</summary>
internal static partial class CommandLine
{
    public static int Run(string[] arguments)
    {
        try
        {
            // No response files: a kernel's command line may begin with '@'.
            ParseResult parsed = Build(arguments).Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null });
            if (parsed.Errors.Count > 0 && !IsForAShell(parsed))
                throw new UsageException(Explain(parsed.Errors[0].Message.TrimEnd('.')));
            return parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
        }
        catch (Exception error) when (error is UsageException or LinuxException)
        {
            Console.Error.WriteLine($"hearth: {error.Message}.");
            return ExitCode.Configuration;
        }
        catch (ApiException error)
        {
            Console.Error.WriteLine($"hearth: {error.Message}.");
            return error.ExitCode;
        }
    }

    /// <summary>The parser's own sentence about a number names .NET's type.</summary>
    private static string Explain(string message) => UnreadableNumber().Replace(message, "${name} ${value} is no whole number");

    [GeneratedRegex("^Cannot parse argument '(?<value>.*)' for (option|command) '(?<name>[^']*)' as expected type '.*Int(32|64).*'$")]
    private static partial Regex UnreadableNumber();

    /// <summary>What a shell asks that completes a line: <c>hearth [suggest:12] "hearth guest "</c> (<see cref="CompletionCommand"/>).</summary>
    private static bool IsForAShell(ParseResult parsed) => parsed.Tokens is [{ Type: TokenType.Directive }, ..];

    /// <summary>What <see cref="ScreenWatcher.Start"/> starts; nobody types it.</summary>
    private static Command WatchScreen()
    {
        var arguments = new Argument<string[]>("arguments") { Arity = ArgumentArity.ZeroOrMore };
        var command = new Command(ScreenWatcher.Command) { Hidden = true };
        command.Add(arguments);
        command.SetAction(parsed => ScreenWatcher.Run(parsed.GetValue(arguments) ?? []));
        return command;
    }

    private static RootCommand Build(string[] arguments)
    {
        var root = new RootCommand("Hearth turns one PC into several: it runs guests, each a virtual machine of its own.");
        var machines = new Command("vm", "Run virtual machines directly, without the appliance around them.");
        machines.Add(VmRunCommand.Build());
        root.Add(machines);
        root.Add(UpCommand.Build());
        root.Add(DownCommand.Build());
        root.Add(StatusCommand.Build());
        root.Add(WhereAsked(GuestCommand.Name, GuestCommand.Description, GuestCommand.Build));
        root.Add(WhereAsked(SeatCommand.Name, SeatCommand.Description, SeatCommand.Build));
        root.Add(WhereAsked(PersonCommand.Name, PersonCommand.Description, PersonCommand.Build));
        root.Add(EventsCommand.Build());
        root.Add(DiskCommand.Build());
        root.Add(SwitchCommand.Build());
        root.Add(DoctorCommand.Build());
        root.Add(CompletionCommand.Build());
        root.Add(WatchScreen());

        // A command of commands alone shows what it has.
        root.SetAction(parsed => new HelpAction().Invoke(parsed));
        machines.SetAction(parsed => new HelpAction().Invoke(parsed));
        return root;

        // These have so many options that to make them takes longer than most commands run. A shell that completes a line asks for all.
        Command WhereAsked(string name, string description, Func<Command> build) =>
            arguments.Any(argument => argument == name || argument.StartsWith('[')) ? build() : new Command(name, description);
    }
}
