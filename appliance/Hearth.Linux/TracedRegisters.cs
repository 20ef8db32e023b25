using System.Runtime.InteropServices;

namespace Hearth.Linux;

/// <summary>The kernel's <c>struct user_regs_struct</c> for x86-64 (sys/user.h).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct TracedRegisters
{
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

    /// <summary>The number of the system call it was stopped in; all ones when it is in none, so that the kernel restarts none.</summary>
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
}
