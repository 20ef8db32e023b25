using Hearth.Linux.Interop;

namespace Hearth.Linux.Jail;

/// <summary>Starts programs that what a guest does must not get out of (<c>docs/jail.md</c>).</summary>
public static class GuestJail
{
    /// <summary>Starts a program behind as many layers as this host has; it completes them itself by <see cref="JailSeal.Complete"/>.</summary>
    /// <exception cref="ArgumentException">The request contradicts itself, or is root's and names no user.</exception>
    /// <exception cref="LinuxException">The program cannot be started; the message names the step that failed.</exception>
    public static JailedProcess Start(JailRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        Check(request);
        string? obstacle;
        using (var launch = new JailLaunch(request))
        {
            if (launch.TryStart(out obstacle) is { } process)
                return process;
        }

        using var again = new JailLaunch(request);
        return again.StartWithoutNamespaces(obstacle);
    }

    private static void Check(JailRequest request)
    {
        if (request.Arguments.Count == 0)
            throw new ArgumentException("a program has its own name as its first argument", nameof(request));
        if (request.User is null ? Libc.geteuid() == 0 : request.User is { UserId: 0 } or { GroupId: 0 })
            throw new ArgumentException("a guest's process does not run as root: name a user and a group of its own", nameof(request));
        int[] numbers = [.. request.Descriptors.Select(given => given.Number), request.SealNumber];
        if (numbers.Distinct().Count() != numbers.Length || numbers.Min() < 0)
            throw new ArgumentException("two descriptors cannot have one number", nameof(request));
    }
}
