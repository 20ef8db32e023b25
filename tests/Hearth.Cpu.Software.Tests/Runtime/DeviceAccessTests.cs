using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Hearth.Cpu.Software.Tests.Runtime;

/// <summary>Instructions whose memory operand is a device register: what the device sees, and what the instruction does with it.</summary>
public sealed unsafe class DeviceAccessTests : IDisposable
{
    private const ulong Dev = CodeMachine.Device;

    private static readonly Dictionary<string, Action<Assembler>> s_forms = new()
    {
        ["mov al"] = a => a.mov(al, __byte_ptr[rsi]),
        ["mov ch"] = a => a.mov(ch, __byte_ptr[rsi + 1]),
        ["mov ax"] = a => a.mov(ax, __word_ptr[rsi]),
        ["mov eax"] = a => a.mov(eax, __dword_ptr[rsi]),
        ["mov rax"] = a => a.mov(rax, __qword_ptr[rsi]),
        ["mov store byte"] = a => a.mov(__byte_ptr[rsi], bl),
        ["mov store high byte"] = a => a.mov(__byte_ptr[rsi], bh),
        ["mov store word"] = a => a.mov(__word_ptr[rsi], bx),
        ["mov store dword"] = a => a.mov(__dword_ptr[rsi], ebx),
        ["mov store qword"] = a => a.mov(__qword_ptr[rsi], rbx),
        ["mov store spilled"] = a => a.mov(__qword_ptr[rsi], r12),
        ["add to memory"] = a => a.add(__dword_ptr[rsi], ebx),
        ["add from memory"] = a => a.add(ebx, __dword_ptr[rsi]),
        ["lock inc"] = a => a.@lock.inc(__word_ptr[rsi]),
        ["xadd"] = a => a.xadd(__dword_ptr[rsi], ebx),
        ["xchg"] = a => a.xchg(__qword_ptr[rsi], r13),
        ["cmpxchg"] = a => a.cmpxchg(__dword_ptr[rsi], ebx),
        ["bts far away"] = a => a.bts(__dword_ptr[rsi], edi),
        ["movdqu load"] = a => a.movdqu(xmm1, __[rsi]),
        ["movdqu store"] = a => a.movdqu(__[rsi], xmm0),
        ["movss store"] = a => a.movss(__dword_ptr[rsi], xmm0),
        ["vmovups load"] = a => a.vmovups(ymm1, __[rsi]),
        ["vmovups store"] = a => a.vmovups(__[rsi], ymm0),
        ["fld m80"] = a => a.fld(__tbyte_ptr[rsi]),
        ["fstp m80"] = a => a.fstp(__tbyte_ptr[rsi]),
        ["fistp m16"] = a => a.fistp(__word_ptr[rsi]),
        ["fnstcw"] = a => a.fnstcw(__word_ptr[rsi]),
        ["push"] = a => a.push(__qword_ptr[rsi]),
        ["pop"] = a => a.pop(__qword_ptr[rsi]),
        ["shl by cl"] = a => a.shl(__dword_ptr[rsi], cl),
        ["not"] = a => a.not(__dword_ptr[rsi]),
        ["cmp"] = a => a.cmp(__dword_ptr[rsi], 0x05040302),
        ["setc"] = a => a.setc(__byte_ptr[rsi]),
        ["movzx"] = a => a.movzx(eax, __byte_ptr[rsi]),
        ["imul"] = a => a.imul(ebx, __dword_ptr[rsi], 3),
    };

    private readonly CodeMachine _machine = new();

    public static TheoryData<string, int[]> Forms => new()
    {
        { "mov al", [1] }, { "mov ch", [1] }, { "mov ax", [2] }, { "mov eax", [4] }, { "mov rax", [8] },
        { "mov store byte", [-1] }, { "mov store high byte", [-1] }, { "mov store word", [-2] }, { "mov store dword", [-4] },
        { "mov store qword", [-8] }, { "mov store spilled", [-8] },
        { "add to memory", [4, -4] }, { "add from memory", [4] }, { "lock inc", [2, -2] }, { "xadd", [4, -4] }, { "xchg", [8, -8] },
        { "cmpxchg", [4, -4] }, { "bts far away", [4, -4] },
        { "movdqu load", [8, 8] }, { "movdqu store", [-8, -8] }, { "movss store", [-4] },
        { "vmovups load", [8, 8, 8, 8] }, { "vmovups store", [-8, -8, -8, -8] },
        { "fld m80", [8, 2] }, { "fstp m80", [-8, -2] }, { "fistp m16", [-2] }, { "fnstcw", [-2] },
        { "push", [8] }, { "pop", [-8] }, { "shl by cl", [4, -4] }, { "not", [4, -4] }, { "cmp", [4] }, { "setc", [-1] }, { "movzx", [1] },
        { "imul", [4] },
    };

    public void Dispose() => _machine.Dispose();

    [Theory]
    [MemberData(nameof(Forms))]
    public void A_device_sees_each_access_once_and_the_instruction_works_as_on_memory(string form, int[] accesses)
    {
        const int Offset = 0x100;
        for (int i = 0; i < 64; i++)
            _machine.Bus.Registers[Offset + i] = (byte)(i + 2);
        _machine.Bus.Registers.AsSpan(Offset, 64).CopyTo(new Span<byte>(_machine.Ram.HostAddress(CodeMachine.Data + Offset), 64));

        _machine.Run(Program(form, CodeMachine.Data + Offset));
        var expected = Registers.Of(_machine.State, except: 6);
        byte[] memory = new Span<byte>(_machine.Ram.HostAddress(CodeMachine.Data + Offset), 64).ToArray();
        _machine.Run(Program(form, Dev + Offset));

        Assert.Equal(accesses, _machine.Bus.Accesses);
        Assert.Equal(expected, Registers.Of(_machine.State, except: 6));
        Assert.Equal(memory, _machine.Bus.Registers.AsSpan(Offset, 64));
    }

    [Fact]
    public void A_call_through_a_device_register_reads_it_once()
    {
        BitConverter.TryWriteBytes(_machine.Bus.Registers, CodeMachine.Code + 0x800);
        _machine.Assemble(CodeMachine.Code + 0x800, a => a.@out(TestBus.StopPort, al));

        _machine.Run(a =>
        {
            a.mov(esi, (uint)Dev);
            a.call(__qword_ptr[rsi]);
        });

        Assert.Equal([8], _machine.Bus.Accesses);
        Assert.Equal(CodeMachine.StackOf(0) - 8, _machine.State->Gpr[4]);
    }

    [Fact]
    public void A_store_over_the_edge_of_the_device_goes_to_both_sides()
    {
        _machine.Run(a =>
        {
            a.mov(rsi, Dev - 3);
            a.mov(rbx, 0x0807060504030201);
            a.mov(__qword_ptr[rsi], rbx);
            a.mov(rdx, __qword_ptr[rsi]);
            a.@out(TestBus.StopPort, al);
        });

        Assert.Equal(0x0807060504030201UL, _machine.State->Gpr[2]);
        Assert.Equal([4, 5, 6, 7, 8], _machine.Bus.Registers[..5]);
    }

    private static Action<Assembler> Program(string form, ulong operand) => a =>
    {
        Label value = a.CreateLabel();
        a.mov(rsi, operand);
        a.mov(rsp, CodeMachine.StackOf(0));
        a.mov(rax, 0x05040302);
        a.mov(rbx, 0x1122334455667788);
        a.mov(rcx, 0x9903);
        a.mov(rdi, 67);
        a.mov(r12, 0x0102030405060708);
        a.mov(r13, rbx);
        a.vmovdqu(ymm0, __[value]);
        a.vpxor(ymm1, ymm1, ymm1);
        a.finit();
        a.fld1();
        a.cmp(ecx, edi);
        s_forms[form](a);
        a.@out(TestBus.StopPort, al);
        a.Label(ref value);
        a.dq(1);
        a.dq(2);
        a.dq(3);
        a.dq(4);
    };
}
