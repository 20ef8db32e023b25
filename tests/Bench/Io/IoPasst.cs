using System.Diagnostics;
using Hearth.Guests;
using Hearth.Guests.Debian;

namespace Hearth.Bench.Io;

/// <summary>A passt for one run of one side, at a socket to which both sides connect in the same way.</summary>
internal sealed class IoPasst : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    private readonly Process _process;

    /// <param name="directory">For its socket and its log.</param>
    /// <exception cref="GuestsException">It does not start.</exception>
    public IoPasst(string directory)
    {
        string program = HostCommand.Find("passt") ?? PackageCache.Default().Fetch("passt").File("usr/bin/passt");
        Socket = Path.Combine(directory, "passt.socket");
        File.Delete(Socket);

        // Otherwise passt becomes nobody, who cannot put a socket into this folder.
        string[] user = Environment.IsPrivilegedProcess ? ["--runas", "0"] : [];
        _process = Process.Start(new ProcessStartInfo(
            program, ["--foreground", "--quiet", "--log-file", Path.Combine(directory, "passt.log"), "--socket", Socket, .. user]) { RedirectStandardError = true })!;

        // Quiet or not, it says how to start QEMU.
        _process.ErrorDataReceived += (_, _) => { };
        _process.BeginErrorReadLine();
        SpinWait.SpinUntil(() => File.Exists(Socket) || _process.HasExited, s_patience);
        if (!File.Exists(Socket))
            throw new GuestsException($"{program} does not start");
    }

    public string Socket { get; }

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }
}
