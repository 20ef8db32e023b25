using System.ComponentModel;
using System.Diagnostics;
using System.Text;

namespace Hearth.Doctor.Reading;

/// <summary>What a program wrote when it was asked something, or why it gave no answer. That it does not is a finding, too.</summary>
/// <param name="Problem">A sentence without a full stop; null when the program ended well.</param>
internal sealed record ProgramAnswer(byte[] Output, string? Problem)
{
    private const int LongestOutput = 1 << 20;
    private const string Diagnostics = "DOTNET_EnableDiagnostics";

    /// <summary>Runs a program and waits for its end; one that takes longer than it may is ended.</summary>
    public static ProgramAnswer Ask(string path, IReadOnlyList<string> arguments, TimeSpan patience)
    {
        var start = new ProcessStartInfo(path, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };

        // One that has to be killed would leave its diagnostic port behind.
        start.Environment.TryAdd(Diagnostics, "0");
        try
        {
            using Process? process = Process.Start(start);
            return process is null ? Failure($"{path} does not start") : Listen(process, Path.GetFileName(path), patience);
        }
        catch (Win32Exception error)
        {
            return Failure($"cannot start {path}: {new Win32Exception(error.NativeErrorCode).Message}");
        }
    }

    private static ProgramAnswer Listen(Process process, string name, TimeSpan patience)
    {
        using var deadline = new CancellationTokenSource(patience);
        try
        {
            process.StandardInput.Close();
            Task<byte[]> output = ReadAsync(process.StandardOutput.BaseStream, deadline.Token);
            Task<byte[]> errors = ReadAsync(process.StandardError.BaseStream, deadline.Token);
            Task.WhenAll(output, errors, process.WaitForExitAsync(deadline.Token)).GetAwaiter().GetResult();
            return new ProgramAnswer(output.Result, process.ExitCode == 0 ? null : Describe(name, process.ExitCode, errors.Result));
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            return Failure($"{name} gave no answer within {patience.TotalSeconds:0.#} seconds");
        }
        catch (IOException error)
        {
            process.Kill(entireProcessTree: true);
            return Failure($"{name} cannot be heard: {error.Message}");
        }
    }

    private static string Describe(string name, int code, byte[] errors)
    {
        // What .NET makes of a process that ended by a signal.
        const int Signals = 128;
        string end = code > Signals ? $"{name} ended by signal {code - Signals}" : $"{name} ended with exit code {code}";
        string words = PrintableText.Clean(Encoding.UTF8.GetString(errors).Trim().Split('\n')[0], 2 * PrintableText.LongestName).TrimEnd('.');
        return words.Length == 0 ? end : $"{end}: {words}";
    }

    private static async Task<byte[]> ReadAsync(Stream stream, CancellationToken cancellation)
    {
        using var bytes = new MemoryStream();
        var buffer = new byte[4096];
        int count;
        while ((count = await stream.ReadAsync(buffer, cancellation).ConfigureAwait(false)) > 0)
        {
            // The rest is heard and forgotten, so that the program can end.
            if (bytes.Length < LongestOutput)
                bytes.Write(buffer, 0, count);
        }

        return bytes.ToArray();
    }

    private static ProgramAnswer Failure(string problem) => new([], problem);
}
