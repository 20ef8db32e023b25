namespace Hearth.Launch;

/// <summary>
/// The .NET runtime's diagnostic port: a socket and two pipes in the folder for temporary files, named after the process. A
/// guest's process ends by a signal as often as not, and would leave them there for ever.
/// </summary>
internal static class RuntimeDiagnostics
{
    private const string Switch = "DOTNET_EnableDiagnostics";

    /// <summary>
    /// Takes away this process's files, which nobody would after it has become another program, and has that program make none,
    /// unless the user wants them.
    /// </summary>
    public static void Leave()
    {
        foreach (string pattern in (ReadOnlySpan<string>)[$"dotnet-diagnostic-{Environment.ProcessId}-*", $"clr-debug-pipe-{Environment.ProcessId}-*"])
            Delete(pattern);
        if (Environment.GetEnvironmentVariable(Switch) is null)
            Environment.SetEnvironmentVariable(Switch, "0");
    }

    private static void Delete(string pattern)
    {
        try
        {
            foreach (string file in Directory.EnumerateFiles(Path.GetTempPath(), pattern))
                File.Delete(file);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // They are in nobody's way: no reason not to start the guest.
        }
    }
}
