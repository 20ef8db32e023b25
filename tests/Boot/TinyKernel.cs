using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Hearth.Boot.Tests;

/// <summary>
/// A kernel of a few hundred bytes that a multiboot or PVH loader starts. It writes to COM1 which protocol started it, its command
/// line, and <c>string:content</c> of every module, then ends the machine through the debug-exit port.
/// </summary>
internal static class TinyKernel
{
    /// <summary>What it writes to the debug-exit port.</summary>
    public const byte ExitValue = 0x15;

    private const uint StackTop = 0x9_F000;
    private const uint MultibootMagic = 0x2BAD_B002;
    private const uint PvhMagic = 0x336E_C578;

    /// <summary>An ELF file with a PVH note and, when asked, a multiboot header, which a loader prefers.</summary>
    public static byte[] Build(bool multiboot) => ElfKernel.Build(Code(), multiboot);

    private static byte[] Code()
    {
        var assembler = new Assembler(32);
        var serial = new SerialRoutines(assembler);
        Label pvh = assembler.CreateLabel();
        Label done = assembler.CreateLabel();
        Label halt = assembler.CreateLabel();
        assembler.mov(esp, StackTop);
        assembler.cmp(eax, MultibootMagic);
        assembler.jne(pvh);
        serial.Write("multiboot\n");
        serial.WriteString(__dword_ptr[ebx + 16]);
        WriteModules(assembler, serial, done, new ModuleList(Count: 20, List: 24, Text: 8, Stride: 16, EndIsAddress: true));
        assembler.Label(ref pvh);
        assembler.cmp(__dword_ptr[ebx], PvhMagic);
        assembler.jne(halt);
        serial.Write("pvh\n");
        serial.WriteString(__dword_ptr[ebx + 24]);
        WriteModules(assembler, serial, done, new ModuleList(Count: 12, List: 16, Text: 16, Stride: 32, EndIsAddress: false));
        assembler.Label(ref done);
        assembler.mov(al, ExitValue);
        assembler.@out(0xF4, al);
        assembler.Label(ref halt);
        assembler.hlt();
        assembler.jmp(halt);
        serial.EmitRoutines();
        return ElfKernel.Assemble(assembler);
    }

    /// <summary>Writes every module and jumps to <paramref name="done"/>.</summary>
    private static void WriteModules(Assembler assembler, SerialRoutines serial, Label done, ModuleList list)
    {
        Label next = assembler.CreateLabel();
        assembler.mov(ebp, __dword_ptr[ebx + list.Count]);
        assembler.mov(edi, __dword_ptr[ebx + list.List]);
        assembler.Label(ref next);
        assembler.test(ebp, ebp);
        assembler.je(done);
        serial.WriteString(__dword_ptr[edi + list.Text]);
        assembler.mov(esi, __dword_ptr[edi]);
        assembler.mov(ecx, __dword_ptr[edi + (list.EndIsAddress ? 4 : 8)]);
        if (list.EndIsAddress)
            assembler.sub(ecx, esi);
        serial.WriteBytes();
        assembler.add(edi, list.Stride);
        assembler.dec(ebp);
        assembler.jmp(next);
    }

    /// <summary>Where a protocol keeps its modules: offsets into its start record and into a module's entry.</summary>
    private sealed record ModuleList(int Count, int List, int Text, int Stride, bool EndIsAddress);
}
