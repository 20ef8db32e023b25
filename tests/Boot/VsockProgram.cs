using System.Buffers.Binary;
using System.Text;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Hearth.Boot.Tests;

/// <summary>
/// A static program of some hundred bytes for guests, whose shell knows no vsock: <c>vsock connect PORT COMMAND</c> reaches a port of the host, <c>vsock listen PORT COMMAND</c>
/// awaits one connection; either then runs the command with the connection as its input and output. What fails ends it with the error number.
/// </summary>
internal static class VsockProgram
{
    private const ulong LoadAddress = 0x40_0000;
    private const int HeadersLength = 64 + 56;
    private const int AddressFamily = 40; // AF_VSOCK
    private const int Stream = 1;
    private const int HostCid = 2;
    private const int AnyCid = -1;

    private const int Dup2 = 33;
    private const int Socket = 41;
    private const int Connect = 42;
    private const int Accept = 43;
    private const int Bind = 49;
    private const int Listen = 50;
    private const int Execve = 59;
    private const int Exit = 60;

    public static byte[] Build()
    {
        byte[] code = Code();
        byte[] file = new byte[HeadersLength + code.Length];
        WriteHeaders(file);
        code.CopyTo(file, HeadersLength);
        return file;
    }

    /// <summary>The stack at entry: count, program, mode, port, command, null, environment (System V ABI, section 3.4.1).</summary>
    private static byte[] Code()
    {
        var a = new Assembler(64);
        Label fail = a.CreateLabel();
        Label listen = a.CreateLabel();
        Label joined = a.CreateLabel();
        Label shell = a.CreateLabel();
        Label option = a.CreateLabel();
        a.mov(r12, __[rsp + 16]);
        a.mov(rsi, __[rsp + 24]);
        a.mov(r13, __[rsp + 32]);
        a.lea(r15, __[rsp + 48]);
        ParsePort(a);

        a.mov(edi, AddressFamily);
        a.mov(esi, Stream);
        a.xor(edx, edx);
        Call(a, Socket, fail);
        a.mov(r14d, eax);

        // struct sockaddr_vm: family, reserved, port, address, flags.
        a.sub(rsp, 16);
        a.mov(__qword_ptr[rsp + 8], 0);
        a.mov(__dword_ptr[rsp], AddressFamily);
        a.mov(__dword_ptr[rsp + 4], ebx);
        a.cmp(__byte_ptr[r12], (sbyte)'l');
        a.je(listen);
        a.mov(__dword_ptr[rsp + 8], HostCid);
        CallOnSocket(a, Connect, fail);
        a.jmp(joined);

        a.Label(ref listen);
        a.mov(__dword_ptr[rsp + 8], AnyCid);
        CallOnSocket(a, Bind, fail);
        a.mov(edi, r14d);
        a.mov(esi, 1);
        Call(a, Listen, fail);
        a.mov(edi, r14d);
        a.xor(esi, esi);
        a.xor(edx, edx);
        Call(a, Accept, fail);
        a.mov(r14d, eax);

        a.Label(ref joined);
        for (int descriptor = 0; descriptor < 2; descriptor++)
        {
            a.mov(edi, r14d);
            a.mov(esi, descriptor);
            Call(a, Dup2, fail);
        }

        a.push(0);
        a.push(r13);
        a.lea(rax, __[option]);
        a.push(rax);
        a.lea(rdi, __[shell]);
        a.push(rdi);
        a.mov(rsi, rsp);
        a.mov(rdx, r15);
        Call(a, Execve, fail);

        a.Label(ref fail);
        a.neg(eax);
        a.mov(edi, eax);
        a.mov(eax, Exit);
        a.syscall();

        a.Label(ref shell);
        a.db(Encoding.ASCII.GetBytes("/bin/sh\0"));
        a.Label(ref option);
        a.db(Encoding.ASCII.GetBytes("-c\0"));
        return Assemble(a);
    }

    /// <summary>The decimal number at RSI goes to EBX.</summary>
    private static void ParsePort(Assembler a)
    {
        Label next = a.CreateLabel();
        Label done = a.CreateLabel();
        a.xor(ebx, ebx);
        a.Label(ref next);
        a.movzx(eax, __byte_ptr[rsi]);
        a.sub(eax, '0');
        a.cmp(eax, 9);
        a.ja(done);
        a.imul(ebx, ebx, 10);
        a.add(ebx, eax);
        a.inc(rsi);
        a.jmp(next);
        a.Label(ref done);
        a.nop();
    }

    /// <summary>A call with the socket and the address on the stack.</summary>
    private static void CallOnSocket(Assembler a, int number, Label fail)
    {
        a.mov(edi, r14d);
        a.mov(rsi, rsp);
        a.mov(edx, 16);
        Call(a, number, fail);
    }

    private static void Call(Assembler a, int number, Label fail)
    {
        a.mov(eax, number);
        a.syscall();
        a.test(eax, eax);
        a.js(fail);
    }

    private static byte[] Assemble(Assembler assembler)
    {
        using var code = new MemoryStream();
        assembler.Assemble(new StreamCodeWriter(code), LoadAddress + HeadersLength);
        return code.ToArray();
    }

    /// <summary>An ELF header and one segment that has all of the file (System V gABI, chapters 4 and 5).</summary>
    private static void WriteHeaders(Span<byte> file)
    {
        ReadOnlySpan<byte> identification = [0x7F, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1];
        identification.CopyTo(file);
        BinaryPrimitives.WriteUInt16LittleEndian(file[16..], 2);
        BinaryPrimitives.WriteUInt16LittleEndian(file[18..], 62);
        BinaryPrimitives.WriteUInt32LittleEndian(file[20..], 1);
        BinaryPrimitives.WriteUInt64LittleEndian(file[24..], LoadAddress + HeadersLength);
        BinaryPrimitives.WriteUInt64LittleEndian(file[32..], 64);
        BinaryPrimitives.WriteUInt16LittleEndian(file[52..], 64);
        BinaryPrimitives.WriteUInt16LittleEndian(file[54..], 56);
        BinaryPrimitives.WriteUInt16LittleEndian(file[56..], 1);

        Span<byte> segment = file[64..];
        BinaryPrimitives.WriteUInt32LittleEndian(segment, 1);
        BinaryPrimitives.WriteUInt32LittleEndian(segment[4..], 5);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[16..], LoadAddress);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[24..], LoadAddress);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[32..], (ulong)file.Length);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[40..], (ulong)file.Length);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[48..], 0x1000);
    }
}
