using Hearth.Boot.Tests;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Hearth.Bench.Kvm;

/// <summary>
/// A multiboot kernel that does nothing but leave for its monitor: it counts how often it writes a port, then how often it reads one, between
/// two changes of the real-time clock's seconds, says so on COM1 and resets the machine.
/// </summary>
internal static class PortKernel
{
    /// <summary>Seconds of each count.</summary>
    public const int Seconds = 4;

    private const uint StackTop = 0x9_F000;

    // The POST code port: a write that a monitor only has to take.
    private const byte WrittenPort = 0x80;

    // The clock's registers are read at an index that stays at its seconds (MC146818A, "Time, calendar, and alarm locations").
    private const byte ClockIndex = 0x70;
    private const byte ClockData = 0x71;

    // The other accesses are counted with it: one read of the clock for so many.
    private const int BlockLength = 63;

    private const ushort ResetPort = 0xCF9;
    private const byte HardReset = 6;

    public static byte[] Build() => ElfKernel.Build(Code(), multiboot: true);

    private static byte[] Code()
    {
        var assembler = new Assembler(32);
        var serial = new SerialRoutines(assembler);
        assembler.mov(esp, StackTop);
        assembler.mov(al, 0);
        assembler.@out(ClockIndex, al);
        Count(assembler, serial, "port-write", () => assembler.@out(WrittenPort, al));
        Count(assembler, serial, "port-read", () => assembler.@in(al, ClockData));
        assembler.mov(al, HardReset);
        assembler.mov(dx, ResetPort);
        assembler.@out(dx, al);
        Label halt = assembler.CreateLabel();
        assembler.Label(ref halt);
        assembler.hlt();
        assembler.jmp(halt);
        serial.EmitRoutines();
        return ElfKernel.Assemble(assembler);
    }

    /// <summary>EBX: the second that is; EDI: seconds to go; EBP: accesses.</summary>
    private static void Count(Assembler assembler, SerialRoutines serial, string name, Action access)
    {
        Label start = assembler.CreateLabel();
        Label block = assembler.CreateLabel();
        Label next = assembler.CreateLabel();
        assembler.@in(al, ClockData);
        assembler.mov(bl, al);
        assembler.Label(ref start);
        assembler.@in(al, ClockData);
        assembler.cmp(al, bl);
        assembler.je(start);
        assembler.mov(bl, al);
        assembler.mov(edi, Seconds);
        assembler.xor(ebp, ebp);

        assembler.Label(ref block);
        assembler.mov(ecx, BlockLength);
        assembler.Label(ref next);
        access();
        assembler.dec(ecx);
        assembler.jne(next);
        assembler.add(ebp, BlockLength + 1);
        assembler.@in(al, ClockData);
        assembler.cmp(al, bl);
        assembler.je(block);
        assembler.mov(bl, al);
        assembler.dec(edi);
        assembler.jne(block);

        serial.Write($"{name}=");
        WriteNumber(assembler, serial);
        serial.Write("\n");
    }

    /// <summary>Writes EBP in decimal, its digits by way of the stack.</summary>
    private static void WriteNumber(Assembler assembler, SerialRoutines serial)
    {
        Label divide = assembler.CreateLabel();
        Label print = assembler.CreateLabel();
        assembler.mov(eax, ebp);
        assembler.mov(ebx, 10);
        assembler.xor(edi, edi);
        assembler.Label(ref divide);
        assembler.xor(edx, edx);
        assembler.div(ebx);
        assembler.add(edx, (int)'0');
        assembler.push(edx);
        assembler.inc(edi);
        assembler.test(eax, eax);
        assembler.jne(divide);
        assembler.Label(ref print);
        assembler.pop(eax);
        serial.WriteAl();
        assembler.dec(edi);
        assembler.jne(print);
    }
}
