using System.Diagnostics;

namespace Hearth.Tests.Api;

/// <summary>The command as a process, with a home folder.</summary>
internal static class HearthProcess
{
    /// <param name="home">The process is started in the folder around it.</param>
    /// <param name="input">What is on its standard input.</param>
    public static async Task<(int Code, string Output, string Error)> RunAsync(string home, string arguments, string input = "")
    {
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "hearth"), arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetDirectoryName(home)!,
        };
        start.Environment["HEARTH_HOME"] = home;
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, await error);
    }
}
