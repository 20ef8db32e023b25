using System.Globalization;
using System.Runtime.InteropServices;
using Hearth.Linux.Interop;

namespace Hearth.Linux.Jail;

/// <summary>The memory file of a <see cref="LaunchScript"/>, to be started as a child of this process.</summary>
internal sealed unsafe class LaunchProgram : IDisposable
{
    // Larger than glibc's posix_spawn_file_actions_t (80 bytes) and posix_spawnattr_t (336 bytes) on x86-64.
    private const int SpawnStructureLength = 512;

    // sizeof(sigset_t)
    private const int SignalSetLength = 128;

    private readonly FileDescriptor _file = CreateFile();

    /// <summary>The number of the file here: it must not be overwritten before the child has become the program.</summary>
    public int Number => _file.Number;

    /// <summary>Starts it with no signal blocked, ignored or handled.</summary>
    /// <param name="moves">Descriptors that it is to have, and under which numbers: none of them <see cref="Number"/> or the number of another here.</param>
    /// <returns>The child's process id.</returns>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public int Spawn(LaunchScript script, IReadOnlyList<(int From, int To)> moves)
    {
        _file.Write(script.ToProgram());
        string path = string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{Number}");

        // SAFETY: the structures are longer than the C library's, which fills them, and live until they are destroyed below; so do the
        // strings and lists, of which the child has a copy when posix_spawn returns.
        byte* actions = stackalloc byte[SpawnStructureLength];
        byte* attributes = stackalloc byte[SpawnStructureLength];
        byte* name = Libc.CString(path);
        byte** arguments = Libc.CStrings(["hearth-jail"]);
        byte** environment = Libc.CStrings([]);
        _ = Libc.posix_spawn_file_actions_init(actions);
        foreach ((int from, int to) in moves)
            _ = Libc.posix_spawn_file_actions_adddup2(actions, from, to);
        ResetInherited(attributes);
        int id;
        int errno = Libc.posix_spawn(&id, name, actions, attributes, arguments, environment);
        _ = Libc.posix_spawnattr_destroy(attributes);
        _ = Libc.posix_spawn_file_actions_destroy(actions);
        Libc.Free(environment);
        Libc.Free(arguments);
        Marshal.FreeCoTaskMem((nint)name);
        return errno == 0 ? id : throw new LinuxException("cannot start the process that makes a jail", errno);
    }

    public void Dispose() => _file.Dispose();

    /// <summary>
    /// This runtime ignores SIGPIPE, and whoever started it may have blocked others; a program inherits both (signal(7)). It would inherit real-time turns as well: attributes are those of an
    /// ordinary share as they are.
    /// </summary>
    private static void ResetInherited(void* attributes)
    {
        byte* signals = stackalloc byte[SignalSetLength];
        _ = Libc.posix_spawnattr_init(attributes);
        new Span<byte>(signals, SignalSetLength).Clear();
        _ = Libc.posix_spawnattr_setsigmask(attributes, signals);
        new Span<byte>(signals, SignalSetLength).Fill(0xFF);
        _ = Libc.posix_spawnattr_setsigdefault(attributes, signals);
        _ = Libc.posix_spawnattr_setflags(
            attributes, (short)(Libc.POSIX_SPAWN_SETSIGMASK | Libc.POSIX_SPAWN_SETSIGDEF | (RoundRobin.IsHeld ? Libc.POSIX_SPAWN_SETSCHEDULER : 0)));
    }

    private static FileDescriptor CreateFile()
    {
        const string Name = "hearth-jail";

        // A host may make memory files that nobody can execute unless it is said (sysctl vm.memfd_noexec); older kernels know no such flag.
        int number = Libc.memfd_create(Name, Libc.MFD_CLOEXEC | Libc.MFD_EXEC);
        if (number < 0 && Marshal.GetLastPInvokeError() == Libc.EINVAL)
            number = Libc.memfd_create(Name, Libc.MFD_CLOEXEC);
        return number >= 0 ? new FileDescriptor(number) : throw LinuxException.Last("cannot create the program that makes a jail");
    }
}
