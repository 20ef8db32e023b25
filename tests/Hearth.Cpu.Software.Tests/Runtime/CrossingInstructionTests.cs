using Hearth.Machine;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Hearth.Cpu.Software.Tests.Runtime;

/// <summary>An instruction whose bytes lie in two pages: which page comes second is up to the page table.</summary>
public sealed unsafe class CrossingInstructionTests : IDisposable
{
    private const ulong Head = 0x40_0000;
    private const ulong TailOne = 0x41_0000;
    private const ulong TailTwo = 0x42_0000;
    private const ulong Window = 0x50_0000;
    private const ulong OtherWindow = 0x58_0000;
    private const ulong Start = Window + 0xFFE;
    private const ulong Mapped = CodeMachine.Present | CodeMachine.Writable;

    private readonly CodeMachine _machine = new();

    public CrossingInstructionTests()
    {
        // MOV EAX, imm32 with two of its bytes on each side; RET.
        Write(Head + 0xFFE, [0xB8, 0x01]);
        Write(TailOne, [0x00, 0x01, 0x00, 0xC3]);
        Write(TailTwo, [0x00, 0x02, 0x00, 0xC3]);
        Map(Window, TailOne);
    }

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void A_second_page_that_was_mapped_elsewhere_is_the_one_that_runs()
    {
        _machine.Run(CallAround(a =>
        {
            a.mov(__qword_ptr[EntryOf(Window + 0x1000)], (int)(TailTwo | Mapped));
            a.invlpg(__[Window + 0x1000]);
        }));

        Assert.Equal((0x10001UL, 0x20001UL), (_machine.State->Gpr[3], _machine.State->Gpr[0]));
    }

    [Fact]
    public void One_first_page_with_two_second_pages_runs_as_each_is_mapped()
    {
        Map(OtherWindow, TailTwo);

        _machine.Run(a =>
        {
            Label loop = a.CreateLabel();
            a.mov(ecx, 10);
            a.xor(ebx, ebx);
            a.xor(edx, edx);
            a.mov(rsi, Start);
            a.mov(rdi, OtherWindow + 0xFFE);
            a.Label(ref loop);
            a.call(rsi);
            a.add(ebx, eax);
            a.call(rdi);
            a.add(edx, eax);
            a.dec(ecx);
            a.jne(loop);
            a.@out(TestBus.StopPort, al);
        });

        Assert.Equal((0x10001UL * 10, 0x20001UL * 10), (_machine.State->Gpr[3], _machine.State->Gpr[2]));
    }

    [Fact]
    public void A_second_page_that_went_away_faults_at_its_first_byte()
    {
        _machine.Run(CallAround(a =>
        {
            a.mov(__qword_ptr[EntryOf(Window + 0x1000)], 0);
            a.invlpg(__[Window + 0x1000]);
        }));

        ExceptionFrame frame = _machine.Caught(14);
        Assert.Equal((Start, 0x10U), (frame.Rip, frame.Error));
        Assert.Equal(Window + 0x1000, _machine.State->Cr2);
        Assert.Equal(0x10001UL, _machine.State->Gpr[3]);
    }

    [Fact]
    public void A_second_page_that_became_not_executable_faults()
    {
        _machine.Run(CallAround(a =>
        {
            a.bts(__qword_ptr[EntryOf(Window + 0x1000)], 63);
            a.invlpg(__[Window + 0x1000]);
        }));

        ExceptionFrame frame = _machine.Caught(14);
        Assert.Equal((Start, 0x11U), (frame.Rip, frame.Error));
    }

    [Fact]
    public void A_store_into_the_second_page_changes_the_instruction()
    {
        _machine.Run(CallAround(a => a.mov(__byte_ptr[Window + 0x1001], 9)));

        Assert.Equal((0x10001UL, 0x90001UL), (_machine.State->Gpr[3], _machine.State->Gpr[0]));
    }

    [Fact]
    public void A_store_into_the_first_page_changes_the_instruction()
    {
        _machine.Run(CallAround(a => a.mov(__byte_ptr[Window + 0xFFF], 9)));

        Assert.Equal((0x10001UL, 0x10009UL), (_machine.State->Gpr[3], _machine.State->Gpr[0]));
    }

    [Fact]
    public void A_device_that_writes_both_pages_changes_the_instruction()
    {
        _machine.Bus.Called = () =>
        {
            Write(Head + 0xFFF, [0x05]);
            Write(TailOne, [0x00, 0x05]);
        };

        _machine.Run(CallAround(a => a.@out(TestBus.CallPort, al)));

        Assert.Equal((0x10001UL, 0x50005UL), (_machine.State->Gpr[3], _machine.State->Gpr[0]));
    }

    [Fact]
    public void Code_runs_on_from_page_to_page()
    {
        _machine.Map(Window + 0x1000, Head + 0x1000);
        _machine.Assemble(Head + 0xF80, a =>
        {
            for (int i = 0; i < 60; i++)
                a.add(eax, 0x1000 + i);
            a.ret();
        });

        _machine.Run(a =>
        {
            a.xor(eax, eax);
            a.mov(rbp, Window + 0xF80);
            a.call(rbp);
            a.@out(TestBus.StopPort, al);
        });

        Assert.Equal((60UL * 0x1000) + (59 * 60 / 2), _machine.State->Gpr[0]);
    }

    [Theory]
    [InlineData(Code.Loop_rel8_64_RCX, 1)]
    [InlineData(Code.Loope_rel8_64_RCX, 1)]
    [InlineData(Code.Loopne_rel8_64_RCX, 2)]
    public void A_loop_jumps_back_over_the_page_boundary(Code code, int compared)
    {
        _machine.Map(Window + 0x1000, Head + 0x1000);
        _machine.Assemble(Head + 0xFF0, a =>
        {
            Label loop = a.CreateLabel();
            a.Label(ref loop);
            a.inc(eax);
            for (int i = 0; i < 16; i++)
                a.nop();
            a.cmp(edx, compared);
            a.AddInstruction(Instruction.CreateBranch(code, loop.Id));
            a.ret();
        });

        _machine.Run(a =>
        {
            a.xor(eax, eax);
            a.mov(edx, 1);
            a.mov(ecx, 10);
            a.mov(rbp, Window + 0xFF0);
            a.call(rbp);
            a.@out(TestBus.StopPort, al);
        });

        Assert.Equal((10UL, 0UL), (_machine.State->Gpr[0], _machine.State->Gpr[1]));
    }

    private static Action<Assembler> CallAround(Action<Assembler> change) => a =>
    {
        a.mov(rbp, Start);
        a.call(rbp);
        a.mov(ebx, eax);
        change(a);
        a.call(rbp);
        a.@out(TestBus.StopPort, al);
    };

    private static ulong EntryOf(ulong linear) => 0x4000 + ((linear >> 12) * 8);

    private void Map(ulong window, ulong tail)
    {
        _machine.Map(window, Head);
        _machine.Map(window + 0x1000, tail);
    }

    private void Write(ulong physical, byte[] bytes) => Assert.True(_machine.Ram.TryWrite(new GuestAddress(physical), bytes));
}
