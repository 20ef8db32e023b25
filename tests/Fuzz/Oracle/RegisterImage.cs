using Hearth.Fuzz.State;
using Hearth.Linux;

namespace Hearth.Fuzz.Oracle;

/// <summary>Converts between the kernel's registers and a program's.</summary>
internal static class RegisterImage
{
    public static void Pack(ProcessorState from, ref TracedRegisters to)
    {
        to.SetGeneral(from.Registers);
        (to.Rip, to.Rflags, to.FsBase, to.GsBase) = (from.Rip, from.Rflags, from.FsBase, from.GsBase);
        ReadOnlySpan<ushort> s = from.Segments;
        (to.Es, to.Cs, to.Ss, to.Ds, to.Fs, to.Gs) = (s[0], s[1], s[2], s[3], s[4], s[5]);
    }

    public static void Unpack(in TracedRegisters from, ProcessorState to)
    {
        from.GetGeneral(to.Registers);
        (to.Rip, to.Rflags, to.FsBase, to.GsBase) = (from.Rip, from.Rflags, from.FsBase, from.GsBase);
        ReadOnlySpan<ushort> segments =
            [(ushort)from.Es, (ushort)from.Cs, (ushort)from.Ss, (ushort)from.Ds, (ushort)from.Fs, (ushort)from.Gs];
        segments.CopyTo(to.Segments);
    }
}
