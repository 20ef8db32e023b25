using Hearth.Fuzz.Interop;
using Hearth.Fuzz.State;

namespace Hearth.Fuzz.Oracle;

/// <summary>Converts between the kernel's order of registers and the encoding's.</summary>
internal static class RegisterImage
{
    public static void Pack(ProcessorState from, ref UserRegisters to)
    {
        ReadOnlySpan<ulong> r = from.Registers;
        (to.Rax, to.Rcx, to.Rdx, to.Rbx, to.Rsp, to.Rbp, to.Rsi, to.Rdi) = (r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7]);
        (to.R8, to.R9, to.R10, to.R11, to.R12, to.R13, to.R14, to.R15) = (r[8], r[9], r[10], r[11], r[12], r[13], r[14], r[15]);
        (to.Rip, to.Flags, to.FsBase, to.GsBase) = (from.Rip, from.Rflags, from.FsBase, from.GsBase);
        ReadOnlySpan<ushort> s = from.Segments;
        (to.Es, to.Cs, to.Ss, to.Ds, to.Fs, to.Gs) = (s[0], s[1], s[2], s[3], s[4], s[5]);
    }

    public static void Unpack(in UserRegisters from, ProcessorState to)
    {
        ((ReadOnlySpan<ulong>)[from.Rax, from.Rcx, from.Rdx, from.Rbx, from.Rsp, from.Rbp, from.Rsi, from.Rdi]).CopyTo(to.Registers);
        ((ReadOnlySpan<ulong>)[from.R8, from.R9, from.R10, from.R11, from.R12, from.R13, from.R14, from.R15]).CopyTo(to.Registers.AsSpan(8));
        (to.Rip, to.Rflags, to.FsBase, to.GsBase) = (from.Rip, from.Flags, from.FsBase, from.GsBase);
        ReadOnlySpan<ushort> segments =
            [(ushort)from.Es, (ushort)from.Cs, (ushort)from.Ss, (ushort)from.Ds, (ushort)from.Fs, (ushort)from.Gs];
        segments.CopyTo(to.Segments);
    }
}
