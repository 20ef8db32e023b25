using Hearth.Machine;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Hearth.Cpu.Software.Tests.Runtime;

/// <summary>A code cache that is full all the time: everything is dropped while other vCPUs run, halt, or lock.</summary>
public sealed unsafe class CodeCacheTests : IDisposable
{
    private const ulong Functions = 0x80_0000;
    private const int FunctionLength = 32;
    private const int FunctionCount = 2000;
    private const ulong Crossing = CodeMachine.Data + 0xFFD;

    private readonly CodeMachine _machine = new(vcpus: 3, CodeCache.MinimumLength);

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void Vcpus_that_fill_the_cache_together_all_compute_the_right_sum()
    {
        BuildFunctions(a => a.add(eax, 1));
        _machine.Assemble(CodeMachine.Code, CallAll);

        _machine.RunAll(_ => CodeMachine.Code);

        Assert.All(Enumerable.Range(0, 3), index => Assert.Equal((ulong)FunctionCount * 2, _machine[index].State->Gpr[0]));
        Assert.InRange(_machine.Engine.Store.Generation, 5, int.MaxValue);
    }

    [Fact]
    public void A_vcpu_goes_on_with_the_number_that_its_mode_gets_when_everything_is_dropped()
    {
        const int OtherModes = 5;
        int wrong = 0;
        TranslationStore store = _machine.Engine.Store;
        BuildFunctions(a => a.@out(TestBus.CallPort, al));
        _machine.Assemble(CodeMachine.Code, CallAll);
        for (int other = 0; other < OtherModes; other++)
            Assert.True(store.TryNumberOf((ModeFlags)(1U << (16 + other)), out _));
        _machine.Bus.Called = () =>
        {
            Assert.True(store.TryNumberOf((ModeFlags)_machine.State->Mode, out int number));
            wrong += _machine.State->ModeSalt == (ulong)number ? 0 : 1;
        };

        _machine.Run();

        Assert.InRange(store.Generation, 1, int.MaxValue);
        Assert.Equal(0, wrong);
    }

    [Fact]
    public void The_cache_is_full_at_its_first_limit_and_at_twice_as_much_after_each_drop()
    {
        using var cache = new CodeCache(4 * (nuint)CodeCache.FirstLimit);
        cache.Next = cache.Start + CodeCache.FirstLimit;
        bool first = cache.IsFull;

        cache.Clear();

        Assert.True(first);
        cache.Next = cache.Start + CodeCache.FirstLimit;
        Assert.False(cache.IsFull);
        cache.Next = cache.Start + (2 * CodeCache.FirstLimit);
        Assert.True(cache.IsFull);
    }

    [Fact]
    public void A_cache_whose_blocks_are_kept_is_full_at_its_end_only()
    {
        using var cache = new CodeCache(2 * (nuint)CodeCache.FirstLimit);

        cache.UseAll();

        cache.Next = cache.Start + CodeCache.FirstLimit;
        Assert.False(cache.IsFull);
        cache.Next = cache.End;
        Assert.True(cache.IsFull);
    }

    [Fact]
    public void A_locked_access_over_two_pages_may_be_what_fills_the_cache()
    {
        BuildFunctions(a => a.@lock.inc(__dword_ptr[Crossing]));
        _machine.Assemble(CodeMachine.Code, CallAll);
        var vcpu = new Thread(() => _machine.Run()) { IsBackground = true };

        vcpu.Start();

        Assert.True(vcpu.Join(20_000), "the vCPU waits for itself");
        Assert.Equal((uint)FunctionCount * 2, _machine.At<uint>(Crossing));
    }

    [Fact]
    public void A_vcpu_that_halts_is_woken_while_others_drop_the_cache()
    {
        const int Vector = 0x40;
        const ulong Count = CodeMachine.Data;
        BuildFunctions(a => a.add(eax, 1));
        _machine.Assemble(CodeMachine.Code, a =>
        {
            // Every call of the port sends an interrupt to the vCPU that halts, until it has counted eight.
            Label again = a.CreateLabel();
            a.Label(ref again);
            a.@out(TestBus.CallPort, al);
            CallFunctions(a);
            a.cmp(__dword_ptr[Count], 8);
            a.jb(again);
            a.@out(TestBus.StopPort, al);
        });
        _machine.Assemble(CodeMachine.Code + 0x1000, a =>
        {
            Label again = a.CreateLabel();
            a.Label(ref again);
            a.sti();
            a.hlt();
            a.cli();
            a.cmp(__dword_ptr[Count], 8);
            a.jb(again);
            a.@out(TestBus.StopPort, al);
        });
        _machine.SetHandler(Vector, CodeMachine.Code + 0x2000);
        _machine.Assemble(CodeMachine.Code + 0x2000, a =>
        {
            a.inc(__dword_ptr[Count]);
            a.iretq();
        });
        Array.ForEach(_machine.Buses, bus => bus.Called = () => _machine.Apics[2].Raise(Vector));

        _machine.RunAll(index => CodeMachine.Code + ((ulong)(index / 2) * 0x1000));

        Assert.InRange(_machine.At<uint>(Count), 8U, 1000U);
    }

    [Fact]
    public void A_page_is_written_at_full_speed_again_after_its_code_was_dropped()
    {
        _machine.Assemble(Functions, a => a.ret());
        _machine.Assemble(CodeMachine.Code, a =>
        {
            a.mov(esi, (uint)Functions);
            a.call(rsi);
            a.@out(TestBus.StopPort, al);
        });
        _machine.Run();

        _machine.Engine.Store.Clear();

        Assert.Equal(0, _machine.Ram.FlagsOf(Functions) & (byte)Hearth.Memory.PageFlags.Code);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(0)]
    [InlineData((256 << 10) - 1)]
    [InlineData((1L << 30) + 1)]
    public void A_cache_of_an_impossible_size_is_refused(long length)
    {
        MachineException error = Assert.Throws<MachineException>(() => new SoftwareCpuEngine(_machine.Ram, CodeMachine.Options(1, length)));

        Assert.Contains("256 KiB to 1 GiB", error.Message, StringComparison.Ordinal);
    }

    private void BuildFunctions(Action<Assembler> body)
    {
        byte[] function = CodeMachine.Bytes(Functions, a =>
        {
            body(a);
            a.ret();
        });
        for (ulong i = 0; i < FunctionCount; i++)
            Assert.True(_machine.Ram.TryWrite(new GuestAddress(Functions + (i * FunctionLength)), function));
    }

    private static void CallAll(Assembler a)
    {
        a.xor(eax, eax);
        CallFunctions(a);
        CallFunctions(a);
        a.@out(TestBus.StopPort, al);
    }

    private static void CallFunctions(Assembler a)
    {
        Label loop = a.CreateLabel();
        a.mov(ecx, FunctionCount);
        a.mov(esi, (uint)Functions);
        a.Label(ref loop);
        a.call(rsi);
        a.add(rsi, FunctionLength);
        a.dec(ecx);
        a.jne(loop);
    }
}
