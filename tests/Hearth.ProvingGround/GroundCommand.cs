using System.Text;
using Hearth.Guests;
using Hearth.Proving.Agent;

namespace Hearth.Proving;

/// <summary>A shell command that runs inside a proving ground, by itself and beside others.</summary>
public sealed class GroundCommand
{
    private static readonly TimeSpan s_poll = TimeSpan.FromMilliseconds(20);

    private readonly AgentClient _agent;
    private readonly GroundMonitor _monitor;
    private readonly int _number;
    private readonly string _command;
    private int _typed;

    internal GroundCommand(AgentClient agent, GroundMonitor monitor, int number, string command)
    {
        _agent = agent;
        _monitor = monitor;
        _number = number;
        _command = command;
        File.WriteAllText(FileOf("sh"), command + "\n");
    }

    public bool HasExited => _monitor.Read(() => _agent.ExitCodeLocked(_number) is not null);

    /// <summary>Standard output so far.</summary>
    public string Output => ReadSoFar("out");

    /// <summary>Standard error so far.</summary>
    public string Error => ReadSoFar("err");

    /// <summary>Waits for the command's end. One that is late is killed.</summary>
    /// <exception cref="ProvingGroundException">It did not end in time, or the machine died; the message has what the command wrote.</exception>
    public CommandResult WaitForExit(TimeSpan patience)
    {
        try
        {
            _monitor.WaitUntil(() => _agent.ExitCodeLocked(_number) is not null, patience, $"the end of \"{_command}\"");
        }
        catch (ProvingGroundException error)
        {
            string wrote = $"{error.Message}\nthe command's output:\n{Output}\nits errors:\n{Error}";
            Kill();
            throw new ProvingGroundException(wrote, error);
        }

        return new CommandResult(_monitor.Read(() => _agent.ExitCodeLocked(_number)!.Value), Output, Error);
    }

    /// <summary>Waits until standard output has the text.</summary>
    /// <exception cref="ProvingGroundException">It does not in time, or the command or the machine ended.</exception>
    public void WaitForOutput(string text, TimeSpan patience)
    {
        _monitor.Poll(() => HasExited || Output.Contains(text, StringComparison.Ordinal), s_poll, patience, $"\"{text}\" from \"{_command}\", which wrote \"{Output}\",");
        if (!Output.Contains(text, StringComparison.Ordinal))
            throw new ProvingGroundException($"\"{_command}\" ended and never wrote \"{text}\"; its output:\n{Output}\nits errors:\n{Error}");
    }

    /// <summary>Hands text to its standard input, which is a pipe without an end.</summary>
    public void Type(string text)
    {
        _typed++;
        File.WriteAllText(FileOf($"{_typed}.in"), text);
        _agent.Send($"type {_number} {_typed}");
    }

    /// <summary>Sends a signal to the command and all its children. Nothing happens when the command or the machine has ended.</summary>
    public void Kill(string signal = "KILL")
    {
        if (HasExited)
            return;
        try
        {
            _agent.Send($"kill {_number} {signal}");
        }
        catch (ProvingGroundException)
        {
            // The machine is gone, and the command with it.
        }
    }

    private string ReadSoFar(string extension)
    {
        string path = FileOf(extension);
        if (!File.Exists(path))
            return "";
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var reader = new StreamReader(file, Encoding.UTF8);
        return reader.ReadToEnd();
    }

    private string FileOf(string extension) => Path.Combine(_agent.Share, $"{_number}.{extension}");
}
