using Hearth.Fuzz.Interop;
using Hearth.Linux;

namespace Hearth.Fuzz.Oracle;

/// <summary>A forked child, traced by the thread that created it, with what the oracle needs beyond <see cref="TracedProcess"/>.</summary>
internal static unsafe class TracedChild
{
    /// <exception cref="OracleException">The host does not allow tracing.</exception>
    public static TracedProcess Start(ForkStub stub)
    {
        long pid = stub.Fork();
        if (pid < 0)
            throw new OracleException($"cannot fork a child to trace: error {-pid}");
        try
        {
            return TracedProcess.Adopt((int)pid);
        }
        catch (LinuxException error)
        {
            throw new OracleException($"ptrace is not allowed here: {error.Message}");
        }
    }

    /// <summary>Ends the restartable-sequences area that fork(2) copied (rseq(2)): the kernel kills a thread whose area is unmapped.</summary>
    public static void EndRestartableSequences(TracedProcess child, ulong instruction)
    {
        var configuration = default(RseqConfiguration);
        Libc.ptrace(Libc.PTRACE_GET_RSEQ_CONFIGURATION, child.Id, sizeof(RseqConfiguration), &configuration);
        if (configuration.Address == 0)
            return;
        ReadOnlySpan<ulong> arguments = [configuration.Address, configuration.Size, Libc.RSEQ_FLAG_UNREGISTER, configuration.Signature];
        child.Call(instruction, Libc.SYS_rseq, arguments);
    }
}
