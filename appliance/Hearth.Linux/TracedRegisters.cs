using System.Runtime.InteropServices;

namespace Hearth.Linux;

/// <summary>The kernel's <c>struct user_regs_struct</c> for x86-64 (sys/user.h).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct TracedRegisters
{
    /// <summary>What <see cref="SystemCall"/> is set to, so that the kernel restarts none.</summary>
    public const ulong NoSystemCall = ulong.MaxValue;

    public ulong R15;
    public ulong R14;
    public ulong R13;
    public ulong R12;
    public ulong Rbp;
    public ulong Rbx;
    public ulong R11;
    public ulong R10;
    public ulong R9;
    public ulong R8;
    public ulong Rax;
    public ulong Rcx;
    public ulong Rdx;
    public ulong Rsi;
    public ulong Rdi;

    /// <summary>The number of the system call it was stopped in.</summary>
    public ulong SystemCall;
    public ulong Rip;
    public ulong Cs;
    public ulong Rflags;
    public ulong Rsp;
    public ulong Ss;
    public ulong FsBase;
    public ulong GsBase;
    public ulong Ds;
    public ulong Es;
    public ulong Fs;
    public ulong Gs;

    /// <summary>Sets the general registers from 16 words in the order of the encoding: RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8 to R15.</summary>
    public void SetGeneral(ReadOnlySpan<ulong> from)
    {
        (Rax, Rcx, Rdx, Rbx, Rsp, Rbp, Rsi, Rdi) = (from[0], from[1], from[2], from[3], from[4], from[5], from[6], from[7]);
        (R8, R9, R10, R11, R12, R13, R14, R15) = (from[8], from[9], from[10], from[11], from[12], from[13], from[14], from[15]);
    }

    /// <summary>The opposite of <see cref="SetGeneral"/>.</summary>
    public readonly void GetGeneral(Span<ulong> to)
    {
        ((ReadOnlySpan<ulong>)[Rax, Rcx, Rdx, Rbx, Rsp, Rbp, Rsi, Rdi]).CopyTo(to);
        ((ReadOnlySpan<ulong>)[R8, R9, R10, R11, R12, R13, R14, R15]).CopyTo(to[8..]);
    }
}
