using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Hearth.Boot.Tests;

/// <summary>Sectors that a BIOS starts: they write to COM1, and end the machine through the debug-exit port or reset it.</summary>
internal static class BootSector
{
    public const byte ExitValue = 0x15;

    /// <summary>What <c>hearth</c> ends with then.</summary>
    public const int ExitCode = (ExitValue << 1) | 1;

    private const ushort Address = 0x7C00;
    private const int Length = 512;

    /// <summary>Writes <c>TEXT=</c> and the number of the drive it was started from.</summary>
    public static byte[] ThatSays(string text) => Build((assembler, serial) =>
    {
        assembler.movzx(ebx, dl);
        serial.Write(text + "=");
        serial.WriteHexadecimal();
        serial.Write("\n");
        EmitExit(assembler);
    });

    /// <summary>Writes <c>waiting</c>, waits for a key, and writes <c>got</c>.</summary>
    public static byte[] ThatWaits() => Build((assembler, serial) =>
    {
        serial.Write("waiting\n");
        serial.WaitForKey();
        serial.Write("got\n");
        EmitExit(assembler);
    });

    /// <summary>Resets the machine by the reset control register, by the keyboard controller and by port 0x92, and ends it at the fourth start. CMOS memory counts.</summary>
    public static byte[] ThatReboots() => Build((assembler, serial) =>
    {
        const byte Counter = 0x50;
        Label second = assembler.CreateLabel();
        Label third = assembler.CreateLabel();
        Label fourth = assembler.CreateLabel();
        Label wait = assembler.CreateLabel();
        assembler.mov(al, Counter);
        assembler.@out(0x70, al);
        assembler.@in(al, 0x71);
        assembler.inc(al);
        assembler.mov(bl, al);
        assembler.@out(0x71, al);
        serial.Write("start=");
        assembler.mov(al, bl);
        assembler.add(al, (sbyte)'0');
        serial.WriteAl();
        serial.Write("\n");
        assembler.cmp(bl, 2);
        assembler.je(second);
        assembler.cmp(bl, 3);
        assembler.je(third);
        assembler.cmp(bl, 4);
        assembler.je(fourth);
        assembler.mov(dx, 0xCF9);
        assembler.mov(al, 0x02);
        assembler.@out(dx, al);
        assembler.mov(al, 0x06);
        assembler.@out(dx, al);
        assembler.jmp(wait);
        assembler.Label(ref second);
        assembler.mov(al, unchecked((sbyte)0xFE));
        assembler.@out(0x64, al);
        assembler.jmp(wait);
        assembler.Label(ref third);
        assembler.mov(al, 0x01);
        assembler.@out(0x92, al);
        assembler.Label(ref wait);
        assembler.hlt();
        assembler.jmp(wait);
        assembler.Label(ref fourth);
        EmitExit(assembler);
    });

    /// <summary>Reads the sector behind this one by the BIOS and writes the text that it begins with.</summary>
    public static byte[] ThatReads() => Build((assembler, serial) =>
    {
        const ushort Buffer = 0x8000;
        assembler.mov(bx, Buffer);
        assembler.mov(ax, 0x0201);
        assembler.mov(cx, 0x0002);
        assembler.mov(dh, 0);
        assembler.@int(0x13);
        serial.Write("\n");
        assembler.mov(esi, Buffer);
        assembler.mov(ecx, 8);
        serial.WriteBytes();
        EmitExit(assembler);
    });

    private static byte[] Build(Action<Assembler, SerialRoutines> emit)
    {
        var assembler = new Assembler(16);
        var serial = new SerialRoutines(assembler);

        // SeaBIOS has this serial port as a console: its timer writes what is left of its last line, and takes what is typed for its keyboard.
        assembler.cli();
        assembler.cld();
        assembler.mov(cx, 0);
        assembler.mov(ds, cx);
        assembler.mov(es, cx);

        // SeaBIOS leaves its own line unfinished; the drive's number is in DL.
        assembler.push(dx);
        serial.Write("\n");
        assembler.pop(dx);
        emit(assembler, serial);
        serial.EmitRoutines();
        byte[] code = ElfKernel.Assemble(assembler, Address);
        var sector = new byte[Length];
        code.CopyTo(sector, 0);
        (sector[^2], sector[^1]) = (0x55, 0xAA);
        return sector;
    }

    private static void EmitExit(Assembler assembler)
    {
        assembler.mov(al, ExitValue);
        assembler.@out(0xF4, al);
        assembler.hlt();
    }
}
