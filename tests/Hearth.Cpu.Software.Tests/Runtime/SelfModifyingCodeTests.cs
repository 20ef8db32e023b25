using Hearth.Machine;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Hearth.Cpu.Software.Tests.Runtime;

/// <summary>Code that changes: by itself, by a device, by another vCPU. On a processor the next fetch sees it (Intel SDM Vol. 3, section 8.1.3).</summary>
public sealed unsafe class SelfModifyingCodeTests : IDisposable
{
    private const ulong Function = 0x1_1000;
    private const ulong Flag = CodeMachine.Data;

    private readonly CodeMachine _machine = new(vcpus: 2);

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void A_store_over_the_next_instruction_takes_effect_at_once()
    {
        _machine.Run(a =>
        {
            Label patched = a.CreateLabel();
            a.lea(rdi, __[patched]);
            a.mov(__dword_ptr[rdi + 1], 42);
            a.Label(ref patched);
            a.mov(eax, 7);
            a.@out(TestBus.StopPort, al);
        });

        Assert.Equal(42UL, _machine.State->Gpr[0]);
    }

    [Fact]
    public void A_push_over_the_next_instruction_takes_effect_at_once()
    {
        // mov al, 42 and five NOPs.
        _machine.Run(a =>
        {
            Label patched = a.CreateLabel();
            a.mov(rbx, 0x9090_9090_9090_2AB0);
            a.lea(rsp, __[patched]);
            a.lea(rsp, __[rsp + 8]);
            a.push(rbx);
            a.Label(ref patched);
            a.mov(eax, 7);
            a.nop();
            a.nop();
            a.nop();
            a.mov(rsp, CodeMachine.StackOf(0));
            a.@out(TestBus.StopPort, al);
        });

        Assert.Equal(42, (byte)_machine.State->Gpr[0]);
    }

    [Fact]
    public void A_loop_that_rewrites_its_own_constant_sees_each_value()
    {
        _machine.Run(a =>
        {
            Label loop = a.CreateLabel();
            Label patched = a.CreateLabel();
            a.xor(ebx, ebx);
            a.mov(ecx, 100);
            a.lea(rdi, __[patched]);
            a.Label(ref loop);
            a.mov(__[rdi + 1], ecx);
            a.Label(ref patched);
            a.mov(eax, 0);
            a.add(ebx, eax);
            a.dec(ecx);
            a.jne(loop);
            a.@out(TestBus.StopPort, al);
        });

        Assert.Equal(5050UL, _machine.State->Gpr[3]);
    }

    [Fact]
    public void A_function_in_another_page_is_called_as_it_is_now()
    {
        _machine.Assemble(Function, ReturnConstant(0));

        _machine.Run(CallInLoop(100, a => a.mov(__dword_ptr[rsi + 1], ecx)));

        Assert.Equal(5050UL, _machine.State->Gpr[3]);
    }

    [Fact]
    public void A_locked_store_into_a_function_is_seen()
    {
        _machine.Assemble(Function, ReturnConstant(0));

        _machine.Run(CallInLoop(100, a => a.@lock.add(__dword_ptr[rsi + 1], 1)));

        Assert.Equal(5050UL, _machine.State->Gpr[3]);
    }

    [Fact]
    public void A_vector_store_over_a_page_boundary_changes_code_on_both_sides()
    {
        const ulong Start = Function - 6;
        Action<Assembler> Version(int value) => a =>
        {
            a.mov(eax, value);
            a.nop();
            a.mov(edx, value);
            a.ret();
        };
        _machine.Assemble(Start, Version(1));
        _machine.Assemble(CodeMachine.Data, Version(2));

        _machine.Run(a =>
        {
            a.mov(rsi, Start);
            a.call(rsi);
            a.movdqu(xmm1, __[CodeMachine.Data]);
            a.movdqu(__[rsi], xmm1);
            a.call(rsi);
            a.@out(TestBus.StopPort, al);
        });

        Assert.Equal((2UL, 2UL), (_machine.State->Gpr[0], _machine.State->Gpr[2]));
    }

    [Fact]
    public void A_string_store_into_a_function_is_seen()
    {
        _machine.Assemble(Function, ReturnConstant(0));

        _machine.Run(CallInLoop(100, a =>
        {
            a.lea(rdi, __[rsi + 1]);
            a.mov(eax, ecx);
            a.stosd();
        }));

        Assert.Equal(5050UL, _machine.State->Gpr[3]);
    }

    [Fact]
    public void A_device_writes_code_that_ran_before()
    {
        int value = 0;
        _machine.Assemble(Function, ReturnConstant(0));
        _machine.Bus.Called = () => Assert.True(_machine.Ram.TryWrite(new GuestAddress(Function + 1), BitConverter.GetBytes(++value)));

        _machine.Run(CallInLoop(100, a => a.@out(TestBus.CallPort, al)));

        Assert.Equal(5050UL, _machine.State->Gpr[3]);
    }

    [Fact]
    public void A_write_through_another_mapping_of_the_page_is_seen()
    {
        const ulong Alias = 0x40_0000;
        _machine.Map(Alias, Function);
        _machine.Assemble(Function, ReturnConstant(0));

        _machine.Run(CallInLoop(100, a => a.mov(__dword_ptr[Alias + 1], ecx)));

        Assert.Equal(5050UL, _machine.State->Gpr[3]);
    }

    [Fact]
    public void Data_beside_code_is_written_without_dropping_the_code()
    {
        _machine.Assemble(Function, ReturnConstant(3));
        _machine.Run(CallInLoop(10, a => a.nop()));
        ulong used = (ulong)_machine.Engine.Store.Cache.BytesUsed;

        _machine.Run(CallInLoop(10, a => a.mov(__dword_ptr[rsi + 0x800], ecx)));
        _machine.Run();

        Assert.Equal(30UL, _machine.State->Gpr[3]);
        Assert.InRange((ulong)_machine.Engine.Store.Cache.BytesUsed - used, 0UL, 4096UL);
    }

    /// <summary>
    /// The protocol of Intel SDM Vol. 3, section 8.1.3: one processor changes the code and raises a flag; the other sees it,
    /// serializes, and runs the code.
    /// </summary>
    [Fact]
    public void Another_vcpu_runs_each_version_after_its_flag()
    {
        const int Rounds = 500;
        Array.ForEach(_machine.Buses, bus => bus.Called = () => Thread.Yield());
        _machine.Assemble(Function, ReturnConstant(0));
        _machine.Assemble(CodeMachine.Code, a =>
        {
            Label round = a.CreateLabel();
            Label wait = a.CreateLabel();
            a.mov(esi, 1);
            a.Label(ref round);
            a.mov(__dword_ptr[Function + 1], esi);
            a.mov(__dword_ptr[Flag], esi);
            a.Label(ref wait);
            a.@out(TestBus.CallPort, al);
            a.cmp(__dword_ptr[Flag + 64], esi);
            a.jne(wait);
            a.inc(esi);
            a.cmp(esi, Rounds);
            a.jbe(round);
            a.@out(TestBus.StopPort, al);
        });
        _machine.Assemble(CodeMachine.Code + 0x4000, a =>
        {
            Label round = a.CreateLabel();
            Label wait = a.CreateLabel();
            a.mov(esi, 1);
            a.xor(ebp, ebp);
            a.Label(ref round);
            a.nop();
            a.Label(ref wait);
            a.@out(TestBus.CallPort, al);
            a.cmp(__dword_ptr[Flag], esi);
            a.jne(wait);
            a.xor(eax, eax);
            a.cpuid();
            a.mov(edi, (uint)Function);
            a.call(rdi);
            a.cmp(eax, esi);
            a.setne(al);
            a.movzx(eax, al);
            a.add(ebp, eax);
            a.mov(__dword_ptr[Flag + 64], esi);
            a.inc(esi);
            a.cmp(esi, Rounds);
            a.jbe(round);
            a.@out(TestBus.StopPort, al);
        });

        _machine.RunAll(index => CodeMachine.Code + ((ulong)index * 0x4000));

        Assert.Equal(0UL, _machine[1].State->Gpr[5]);
        Assert.Equal(Rounds + 1UL, _machine[1].State->Gpr[6]);
    }

    private static Action<Assembler> ReturnConstant(int value) => a =>
    {
        a.mov(eax, value);
        a.ret();
    };

    /// <summary>Counts ECX down to 1, does something to the function at RSI, calls it, and adds up what it returns in EBX.</summary>
    private static Action<Assembler> CallInLoop(int rounds, Action<Assembler> change) => a =>
    {
        Label loop = a.CreateLabel();
        a.xor(ebx, ebx);
        a.mov(ecx, rounds);
        a.mov(rsi, Function);
        a.Label(ref loop);
        change(a);
        a.call(rsi);
        a.add(ebx, eax);
        a.dec(ecx);
        a.jne(loop);
        a.@out(TestBus.StopPort, al);
    };
}
