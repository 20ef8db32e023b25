using System.ComponentModel;
using System.Diagnostics;

namespace Hearth.Guests;

/// <summary>A program of the host, run to its end.</summary>
public static class HostCommand
{
    /// <summary>Where a program lies, looked up in PATH and where Debian keeps administrators' tools.</summary>
    /// <returns>The full path, or null when it is not installed.</returns>
    public static string? Find(string program)
    {
        string path = Environment.GetEnvironmentVariable("PATH") ?? "";
        return path.Split(':', StringSplitOptions.RemoveEmptyEntries)
            .Concat(["/usr/sbin", "/sbin"])
            .Select(directory => Path.Combine(directory, program))
            .FirstOrDefault(File.Exists);
    }

    /// <summary>Runs a program in the C locale, without input.</summary>
    /// <param name="environment">Variables to set for it.</param>
    /// <exception cref="GuestsException">The program is not installed.</exception>
    public static CommandResult Run(
        string program, IEnumerable<string> arguments, string? workingDirectory = null, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = workingDirectory ?? "",
        };
        start.Environment["LC_ALL"] = "C";
        start.Environment["DEBIAN_FRONTEND"] = "noninteractive";
        foreach ((string name, string value) in environment ?? new Dictionary<string, string>())
            start.Environment[name] = value;
        try
        {
            using Process process = Process.Start(start)!;
            process.StandardInput.Close();
            Task<string> errors = process.StandardError.ReadToEndAsync();
            string output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return new CommandResult(process.ExitCode, output, errors.GetAwaiter().GetResult());
        }
        catch (Win32Exception error)
        {
            throw new GuestsException($"{program} is needed and cannot be run: {error.Message}; Hearth's guests are made on Debian", error);
        }
    }

    /// <summary>As <see cref="Run"/>, for a program that must succeed.</summary>
    /// <returns>What it wrote to its standard output.</returns>
    /// <exception cref="GuestsException">It is not installed or ended with an error; the message has its last words.</exception>
    public static string Require(
        string program, IEnumerable<string> arguments, string? workingDirectory = null, IReadOnlyDictionary<string, string>? environment = null)
    {
        CommandResult result = Run(program, arguments, workingDirectory, environment);
        return result.ExitCode == 0
            ? result.Output
            : throw new GuestsException($"{Path.GetFileName(program)} failed with exit code {result.ExitCode}: {result.LastWords}");
    }
}
