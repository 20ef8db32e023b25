using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Hearth.Boot.Tests;

/// <summary>32-bit or 16-bit code that writes to a 16550 at COM1, and reads from it, by polling. Changes EAX, ECX, EDX and ESI.</summary>
internal sealed class SerialRoutines(Assembler assembler)
{
    private const ushort Data = 0x3F8;
    private const ushort LineStatus = 0x3FD;
    private const byte DataReady = 0x01;
    private const byte TransmitterEmpty = 0x20;

    private readonly Assembler _assembler = assembler;
    private Label _putString = assembler.CreateLabel();
    private Label _putBytes = assembler.CreateLabel();
    private Label _putByte = assembler.CreateLabel();

    public void Write(string text)
    {
        foreach (char character in text)
        {
            _assembler.mov(al, (sbyte)character);
            WriteAl();
        }
    }

    /// <summary>Writes the character in AL.</summary>
    public void WriteAl() => _assembler.call(_putByte);

    /// <summary>Writes the zero-terminated string whose address is there, and a colon.</summary>
    public void WriteString(AssemblerMemoryOperand address)
    {
        _assembler.mov(esi, address);
        _assembler.call(_putString);
        Write(":");
    }

    /// <summary>Writes ECX bytes at ESI and a line feed.</summary>
    public void WriteBytes()
    {
        _assembler.call(_putBytes);
        Write("\n");
    }

    /// <summary>Writes EBX as eight digits.</summary>
    public void WriteHexadecimal()
    {
        Label next = _assembler.CreateLabel();
        Label digit = _assembler.CreateLabel();
        _assembler.mov(ecx, 8);
        _assembler.Label(ref next);
        _assembler.rol(ebx, 4);
        _assembler.mov(al, bl);
        _assembler.and(al, 15);
        _assembler.add(al, (sbyte)'0');
        _assembler.cmp(al, (sbyte)'9');
        _assembler.jbe(digit);
        _assembler.add(al, 'a' - '9' - 1);
        _assembler.Label(ref digit);
        _assembler.call(_putByte);
        _assembler.dec(ecx);
        _assembler.jne(next);
    }

    /// <summary>Waits until something was typed, and takes it.</summary>
    public void WaitForKey()
    {
        Label wait = _assembler.CreateLabel();
        _assembler.mov(dx, LineStatus);
        _assembler.Label(ref wait);
        _assembler.@in(al, dx);
        _assembler.test(al, DataReady);
        _assembler.je(wait);
        _assembler.mov(dx, Data);
        _assembler.@in(al, dx);
    }

    /// <summary>Emits the routines the others call; once, at the end of the program.</summary>
    public void EmitRoutines()
    {
        Label end = _assembler.CreateLabel();
        Label wait = _assembler.CreateLabel();
        _assembler.Label(ref _putString);
        _assembler.lodsb();
        _assembler.test(al, al);
        _assembler.je(end);
        _assembler.call(_putByte);
        _assembler.jmp(_putString);

        _assembler.Label(ref _putBytes);
        _assembler.jecxz(end);
        _assembler.lodsb();
        _assembler.call(_putByte);
        _assembler.dec(ecx);
        _assembler.jmp(_putBytes);

        _assembler.Label(ref _putByte);
        _assembler.mov(ah, al);
        _assembler.mov(dx, LineStatus);
        _assembler.Label(ref wait);
        _assembler.@in(al, dx);
        _assembler.test(al, TransmitterEmpty);
        _assembler.je(wait);
        _assembler.mov(al, ah);
        _assembler.mov(dx, Data);
        _assembler.@out(dx, al);
        _assembler.Label(ref end);
        _assembler.ret();
    }
}
