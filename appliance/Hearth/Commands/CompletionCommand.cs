using System.CommandLine;
using System.CommandLine.Help;
using Hearth.Protocol;

namespace Hearth.Commands;

/// <summary><c>hearth completion</c>: scripts by which shells complete commands, options and names.</summary>
internal static class CompletionCommand
{
    private const string Bash = """
        # Completion of hearth for bash. In ~/.bashrc: eval "$(hearth completion bash)"
        _hearth() {
            local line="${COMP_LINE:0:COMP_POINT}" IFS=$'\n'
            COMPREPLY=($(compgen -W "$(hearth "[suggest:${#line}]" "$line" 2>/dev/null)" -- "${COMP_WORDS[COMP_CWORD]}"))
        }
        complete -o default -F _hearth hearth

        """;

    private const string Zsh = """
        #compdef hearth
        # Completion of hearth for zsh. In ~/.zshrc, behind compinit: source <(hearth completion zsh)
        _hearth() {
            local -a names
            names=("${(@f)$(hearth "[suggest:$CURSOR]" "$BUFFER" 2>/dev/null)}")
            [[ -n "${names[*]}" ]] && compadd -a names || _files
        }
        compdef _hearth hearth

        """;

    private const string Fish = """
        # Completion of hearth for fish. Once: hearth completion fish > ~/.config/fish/completions/hearth.fish
        function __hearth_complete
            set -l line (commandline -cp)
            hearth "[suggest:"(string length -- "$line")"]" "$line" 2>/dev/null
        end
        complete -c hearth -a '(__hearth_complete)'

        """;

    public static Command Build()
    {
        var command = new Command("completion", "Print a script by which a shell completes commands, options, and names of guests, seats and persons.");
        command.Add(Script("bash", "For bash. In ~/.bashrc: eval \"$(hearth completion bash)\"", Bash));
        command.Add(Script("zsh", "For zsh. In ~/.zshrc, behind compinit: source <(hearth completion zsh)", Zsh));
        command.Add(Script("fish", "For fish. Once: hearth completion fish > ~/.config/fish/completions/hearth.fish", Fish));
        command.SetAction(parsed => new HelpAction().Invoke(parsed));
        return command;
    }

    private static Command Script(string shell, string description, string script)
    {
        var command = new Command(shell, description);
        command.SetAction(_ =>
        {
            StandardOutput.Write(script);
            return ExitCode.Success;
        });
        return command;
    }
}
