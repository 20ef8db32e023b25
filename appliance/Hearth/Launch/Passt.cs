using System.Globalization;
using Hearth.Linux;

namespace Hearth.Launch;

/// <summary>passt, the program that gives a guest the host's network without any privilege: one process for each guest, which ends with it or outlives it.</summary>
internal static class Passt
{
    /// <summary>Why there is none, a sentence without a full stop.</summary>
    public const string Missing = $"passt is not in $PATH: install it with `apt-get install passt`, or name it by --passt FILE or ${Variable}";

    private const string Variable = "HEARTH_PASST";

    /// <summary>Starts passt on one end of a pair of sockets. It ends with the guest.</summary>
    /// <param name="given">Its path, or null to look for it.</param>
    /// <param name="isHeard">Its messages go to standard error. It has some even when it is told to be quiet.</param>
    /// <param name="guestEnd">The end for the guest; closed on exec until it is kept.</param>
    /// <returns>The process id.</returns>
    /// <exception cref="UsageException">There is no passt, or it cannot be started.</exception>
    public static int Start(string? given, bool isHeard, out FileDescriptor guestEnd)
    {
        string program = given ?? Find() ?? throw new UsageException($"--net user needs the program passt, and {Missing}");
        (guestEnd, FileDescriptor passtEnd) = FileDescriptor.CreateSocketPair();
        using (passtEnd)
        {
            try
            {
                return ProcessImage.Spawn(
                    program,
                    [program, "--foreground", "--quiet", "--fd", passtEnd.Number.ToString(CultureInfo.InvariantCulture)],
                    passtEnd,
                    isHeard: isHeard);
            }
            catch (LinuxException error)
            {
                guestEnd.Dispose();
                throw new UsageException(error.Message, error);
            }
        }
    }

    /// <summary>Connects to a passt that was started with <c>--socket</c>, and goes on when the guest has ended; or to a switch, which speaks as passt does.</summary>
    /// <param name="kind">How <c>--net</c> calls it.</param>
    /// <exception cref="UsageException">Nobody listens there.</exception>
    public static FileDescriptor Connect(string kind, string socket)
    {
        try
        {
            return FileDescriptor.Connect(socket);
        }
        catch (LinuxException error)
        {
            throw new UsageException($"--net {kind}:{error.Message}", error);
        }
    }

    /// <summary>The program that $HEARTH_PASST names, or else the one in $PATH; null when there is neither.</summary>
    public static string? Find()
    {
        string? named = Environment.GetEnvironmentVariable(Variable);
        if (!string.IsNullOrEmpty(named))
            return named;
        string[] folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries);
        return folders.Select(folder => Path.Combine(folder, "passt")).FirstOrDefault(File.Exists);
    }
}
