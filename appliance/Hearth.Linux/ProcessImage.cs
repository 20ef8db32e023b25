using System.Collections;
using System.Runtime.InteropServices;
using Hearth.Linux.Interop;

namespace Hearth.Linux;

/// <summary>Programs: becoming one, starting one, ending.</summary>
public static unsafe class ProcessImage
{
    // Larger than glibc's posix_spawn_file_actions_t (80 bytes) and posix_spawnattr_t (336 bytes) on x86-64.
    private const int SpawnStructureLength = 512;

    /// <summary>Replaces this process by another program, with the same environment, terminal and children. Returns only by exception.</summary>
    /// <param name="arguments">The first is the program's own name.</param>
    /// <exception cref="LinuxException">The program cannot be executed; this process goes on.</exception>
    public static void Execute(string path, IReadOnlyCollection<string> arguments)
    {
        byte* file = Libc.CString(path);
        byte** argv = Libc.CStrings(arguments);
        byte** environment = Environment();
        _ = Libc.execve(file, argv, environment);
        int errno = Marshal.GetLastPInvokeError();
        Libc.Free(argv);
        Libc.Free(environment);
        Marshal.FreeCoTaskMem((nint)file);
        throw new LinuxException($"cannot execute {path}", errno);
    }

    /// <summary>Starts a program as a child with nothing on its standard output.</summary>
    /// <param name="arguments">The first is the program's own name.</param>
    /// <param name="inherited">Stays open in the child.</param>
    /// <param name="number">What it is called there; null for the same number as here.</param>
    /// <param name="input">What the child has as its standard input; null for nothing.</param>
    /// <param name="isHeard">What it writes to its standard error goes where this process's does; otherwise nowhere.</param>
    /// <returns>The child's process id.</returns>
    /// <exception cref="LinuxException">The program cannot be started.</exception>
    public static int Spawn(
        string path, IReadOnlyCollection<string> arguments, FileDescriptor inherited, int? number = null, FileDescriptor? input = null, bool isHeard = true)
    {
        ArgumentNullException.ThrowIfNull(inherited);
        byte* actions = stackalloc byte[SpawnStructureLength];
        byte* attributes = stackalloc byte[SpawnStructureLength];
        byte* file = Libc.CString(path);
        byte** argv = Libc.CStrings(arguments);
        byte** environment = Environment();
        _ = Libc.posix_spawn_file_actions_init(actions);
        _ = input is null
            ? Libc.posix_spawn_file_actions_addopen(actions, 0, "/dev/null", Libc.O_RDONLY, 0)
            : Libc.posix_spawn_file_actions_adddup2(actions, input.Number, 0);
        _ = Libc.posix_spawn_file_actions_addopen(actions, 1, "/dev/null", Libc.O_WRONLY, 0);
        if (!isHeard)
            _ = Libc.posix_spawn_file_actions_adddup2(actions, 1, 2);

        // Also onto itself: the child's copy has no close-on-exec flag.
        _ = Libc.posix_spawn_file_actions_adddup2(actions, inherited.Number, number ?? inherited.Number);
        _ = Libc.posix_spawnattr_init(attributes);
        _ = Libc.posix_spawnattr_setflags(attributes, RoundRobin.IsHeld ? Libc.POSIX_SPAWN_SETSCHEDULER : (short)0);
        int pid;
        int errno = Libc.posix_spawn(&pid, file, actions, attributes, argv, environment);
        _ = Libc.posix_spawnattr_destroy(attributes);
        _ = Libc.posix_spawn_file_actions_destroy(actions);
        Libc.Free(argv);
        Libc.Free(environment);
        Marshal.FreeCoTaskMem((nint)file);
        return errno == 0 ? pid : throw new LinuxException($"cannot start {path}", errno);
    }

    /// <summary>Ends a child and waits for it.</summary>
    public static void End(int pid)
    {
        const int SIGKILL = 9;
        int status;
        _ = Libc.kill(pid, SIGKILL);
        _ = Libc.waitpid(pid, &status, 0);
    }

    /// <summary>Ends this process by a signal's default action, so that whoever waits for it sees that signal.</summary>
    public static void DieBy(int signal)
    {
        _ = Libc.signal(signal, 0);
        _ = Libc.kill(Libc.getpid(), signal);
    }

    private static byte** Environment()
    {
        var variables = new List<string>();
        foreach (DictionaryEntry variable in System.Environment.GetEnvironmentVariables())
            variables.Add($"{variable.Key}={variable.Value}");
        return Libc.CStrings(variables);
    }
}
