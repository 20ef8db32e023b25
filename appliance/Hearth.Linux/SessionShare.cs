using System.Globalization;

namespace Hearth.Linux;

/// <summary>The share of the processors that this process's session gets beside others (sched(7), "The autogroup feature").</summary>
public static class SessionShare
{
    private const string Group = "/proc/self/autogroup";

    /// <param name="nice">-20, for the largest share, to 19. 0 is what a session begins with.</param>
    /// <returns>False where it stays as it is: the session is another's, the kernel has no such groups, or does not let this user.</returns>
    public static bool TrySet(int nice)
    {
        try
        {
            if (!LeadsSession())
                return false;
            File.WriteAllText(Group, nice.ToString(CultureInfo.InvariantCulture));
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>A terminal's session has other programs in it.</summary>
    private static bool LeadsSession()
    {
        // proc_pid_stat(5): the name is in parentheses and may have spaces; state, parent, process group and session follow it.
        string status = File.ReadAllText("/proc/self/stat");
        string[] behind = status[(status.LastIndexOf(')') + 2)..].Split(' ');
        return behind[3] == Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
    }
}
