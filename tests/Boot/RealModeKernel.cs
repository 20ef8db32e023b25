using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Hearth.Boot.Tests;

/// <summary>
/// A multiboot kernel that goes back to real mode (SDM volume 3, 9.9.2) and stays there: it writes <c>real</c>, computes by an interrupt handler that
/// its vector table names, waits for a key, writes <c>sum=</c> with what it got, and ends the machine through the debug-exit port.
/// </summary>
internal static class RealModeKernel
{
    public const byte ExitValue = 0x2A;

    // A second or two on the machines that this is for.
    private const uint Rounds = 2_000_000;
    private const uint Factor = 1_664_525;
    private const uint Addend = 1_013_904_223;
    private const byte Vector = 0x60;

    /// <summary>Where the handler goes; the rest of the code for real mode follows.</summary>
    private const ushort HandlerAddress = 0x8000;
    private const ushort StackTop = 0x7000;
    private const ushort CodeSelector = 8;
    private const ushort DataSelector = 16;
    private const uint EntryLength = 64;
    private const uint TablesAddress = ElfKernel.CodeAddress + EntryLength;

    /// <summary>What <c>sum=</c> must have.</summary>
    public static uint Sum
    {
        get
        {
            uint sum = 0;
            for (uint i = 0; i < Rounds; i++)
                sum = unchecked((sum * Factor) + Addend);
            return sum;
        }
    }

    public static byte[] Build()
    {
        byte[] handler = Handler();
        var real = (ushort)(HandlerAddress + handler.Length);
        byte[] realMode = RealMode(real);
        byte[] leave = LeaveProtectedMode(real);
        byte[] moved = [.. handler, .. realMode, .. leave];
        byte[] tables = Tables();
        byte[] entry = Entry((uint)(real + realMode.Length), TablesAddress + (uint)tables.Length, (uint)moved.Length);
        return ElfKernel.Build([.. entry, .. new byte[EntryLength - entry.Length], .. tables, .. moved], multiboot: true);
    }

    /// <summary>One round: EAX goes through a linear congruential generator.</summary>
    private static byte[] Handler()
    {
        var assembler = new Assembler(16);
        assembler.imul(eax, eax, (int)Factor);
        assembler.add(eax, (int)Addend);
        assembler.iret();
        return ElfKernel.Assemble(assembler, HandlerAddress);
    }

    private static byte[] RealMode(ushort address)
    {
        var assembler = new Assembler(16);
        var serial = new SerialRoutines(assembler);
        Label round = assembler.CreateLabel();
        assembler.xor(ax, ax);
        assembler.mov(ds, ax);
        assembler.mov(ss, ax);

        // Not used, but on VT-x without unrestricted guests KVM interprets all of real mode as long as one of them is not as real mode loads it.
        assembler.mov(es, ax);
        assembler.mov(fs, ax);
        assembler.mov(gs, ax);
        assembler.mov(sp, StackTop);
        assembler.mov(__word_ptr[Vector * 4], unchecked((short)HandlerAddress));
        assembler.mov(__word_ptr[(Vector * 4) + 2], ax);
        serial.Write("real\n");
        assembler.xor(eax, eax);
        assembler.mov(ecx, Rounds);
        assembler.Label(ref round);
        assembler.@int(Vector);
        assembler.dec(ecx);
        assembler.jne(round);
        assembler.mov(ebx, eax);
        serial.WaitForKey();
        serial.Write("sum=");
        serial.WriteHexadecimal();
        serial.Write("\n");
        assembler.mov(al, ExitValue);
        assembler.@out(0xF4, al);
        assembler.hlt();
        serial.EmitRoutines();
        return ElfKernel.Assemble(assembler, address);
    }

    /// <summary>Runs in a 16-bit segment of protected mode.</summary>
    private static byte[] LeaveProtectedMode(ushort real)
    {
        var assembler = new Assembler(16);
        assembler.mov(ax, DataSelector);
        assembler.mov(ds, ax);
        assembler.mov(es, ax);
        assembler.mov(ss, ax);
        assembler.mov(fs, ax);
        assembler.mov(gs, ax);
        assembler.mov(eax, cr0);
        assembler.and(al, 0xFE);
        assembler.mov(cr0, eax);
        assembler.jmp(0, real);
        return ElfKernel.Assemble(assembler, 0);
    }

    private static byte[] Entry(uint leave, uint from, uint length)
    {
        var assembler = new Assembler(32);
        assembler.cld();
        assembler.mov(esi, from);
        assembler.mov(edi, HandlerAddress);
        assembler.mov(ecx, length);
        assembler.rep.movsb();
        assembler.lgdt(__[TablesAddress + 24]);
        assembler.lidt(__[TablesAddress + 30]);
        assembler.jmp(CodeSelector, leave);
        return ElfKernel.Assemble(assembler);
    }

    /// <summary>Three descriptors (none, 16-bit code, 16-bit data), what LGDT reads, what LIDT reads.</summary>
    private static byte[] Tables() =>
    [
        0, 0, 0, 0, 0, 0, 0, 0,
        0xFF, 0xFF, 0, 0, 0, 0x9A, 0, 0,
        0xFF, 0xFF, 0, 0, 0, 0x92, 0, 0,
        23, 0, .. BitConverter.GetBytes(TablesAddress),
        0xFF, 0x03, 0, 0, 0, 0,
    ];
}
