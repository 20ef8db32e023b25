using System.Globalization;
using System.Text;
using Hearth.Linux.Interop;
using Hearth.Linux.Jail;

namespace Hearth.Linux;

/// <summary>The share of the processors that a session gets beside others (sched(7), "The autogroup feature").</summary>
/// <remarks>It counts as long as the process is in no group of the cpu controller of cgroups(7), whose weight counts instead; the kernel takes the number all the same.</remarks>
public static class SessionShare
{
    /// <summary>Ten times the usual one, for what others wait for.</summary>
    public const int Larger = -10;

    /// <summary>What a session begins with.</summary>
    public const int Usual = 0;

    /// <summary>Sets that of this process's session.</summary>
    /// <param name="nice">-20, for the largest share, to 19.</param>
    /// <returns>False where it stays as it is: the session is another's, the kernel has no such groups, or does not let this user.</returns>
    public static bool TrySet(int nice) => TrySet(Environment.ProcessId, nice, () => true);

    /// <summary>Sets that of another process's session.</summary>
    /// <inheritdoc cref="TrySet(int)"/>
    public static bool TrySet(ProcessHandle process, int nice) => TrySet(process.Id, nice, () => !process.WaitEnded(TimeSpan.Zero));

    /// <param name="isThere">The number is not that of another process by now.</param>
    private static bool TrySet(int process, int nice, Func<bool> isThere)
    {
        try
        {
            // What is open stays that process's, whoever gets its number next.
            using FileDescriptor group = FileDescriptor.Open(FormattableString.Invariant($"/proc/{process}/autogroup"), FileAccessMode.Write);

            // A terminal's session has other programs in it.
            if (Libc.getsid(process) != process || !isThere())
                return false;
            group.Write(Encoding.ASCII.GetBytes(nice.ToString(CultureInfo.InvariantCulture)));
            return true;
        }
        catch (LinuxException)
        {
            return false;
        }
    }
}
