using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Hearth.Cpu.Software.Tests.Runtime;

/// <summary>Data breakpoints are traps: #DB comes between the instruction that hit one and the next (Intel SDM Vol. 3, section 17.2.4).</summary>
public sealed unsafe class BreakpointTests : IDisposable
{
    private const ulong Watched = CodeMachine.Data + 0x1000;
    private const ulong WriteOfEightBytes = 0x9_0402;
    private const ulong ReadOrWriteOfEightBytes = 0xB_0402;

    private readonly CodeMachine _machine = new();

    public void Dispose() => _machine.Dispose();

    // A trap right after the access leaves EAX at 1; without one the code goes on and stops with EAX at 3.
    [Theory]
    [InlineData(Watched, 1)]
    [InlineData(Watched - 4, 1)]
    [InlineData(Watched + 4, 1)]
    [InlineData(Watched - 8, 3)]
    [InlineData(Watched + 8, 3)]
    public void A_store_is_trapped_when_it_touches_the_watched_bytes(ulong address, ulong count)
    {
        RunWatched(Watched, WriteOfEightBytes, address, a => a.mov(__[rsi], rbx));

        Assert.Equal(count, _machine.State->Gpr[0]);
    }

    [Theory]
    [InlineData(Watched, 1)]
    [InlineData(Watched - 12, 1)]
    [InlineData(Watched - 16, 3)]
    public void A_vector_store_is_trapped_over_a_page_boundary_too(ulong address, ulong count)
    {
        RunWatched(Watched, WriteOfEightBytes, address, a => a.movups(__[rsi], xmm0));

        Assert.Equal(count, _machine.State->Gpr[0]);
    }

    [Theory]
    [InlineData(WriteOfEightBytes, 3)]
    [InlineData(ReadOrWriteOfEightBytes, 1)]
    public void A_load_is_trapped_when_loads_are_watched(ulong control, ulong count)
    {
        RunWatched(Watched, control, Watched - 3, a => a.mov(rbx, __[rsi]));

        Assert.Equal(count, _machine.State->Gpr[0]);
    }

    [Fact]
    public void A_device_register_is_watched_like_memory()
    {
        RunWatched(CodeMachine.Device, WriteOfEightBytes, CodeMachine.Device, a => a.mov(__[rsi], rbx));

        Assert.Equal(CodeMachine.Code + 8, _machine.Caught(1).Rip);
        Assert.Equal([-8], _machine.Bus.Accesses);
        Assert.Equal(1UL, _machine.State->DebugRegister[4] & 15);
    }

    [Fact]
    public void A_locked_access_over_two_pages_is_trapped_once()
    {
        RunWatched(Watched, WriteOfEightBytes, Watched - 4, a => a.@lock.add(__[rsi], rbx));

        Assert.Equal(CodeMachine.Code + 9, _machine.Caught(1).Rip);
        Assert.Equal(44UL, _machine.At<ulong>(Watched - 4));
    }

    [Fact]
    public void Pushf_does_not_show_the_resume_flag()
    {
        _machine.State->SystemFlags |= Rflags.Resume;
        ModeState.Update(_machine.State);

        _machine.Run(a =>
        {
            a.pushfq();
            a.pop(rax);
            a.@out(TestBus.StopPort, al);
        });

        Assert.Equal(0UL, _machine.State->Gpr[0] & Rflags.Resume);
        Assert.Equal(0UL, _machine.State->SystemFlags & Rflags.Resume);
    }

    private void RunWatched(ulong watched, ulong control, ulong address, Action<Assembler> access)
    {
        VcpuState* state = _machine.State;
        (state->DebugRegister[0], state->DebugRegister[5]) = (watched, control);
        ModeState.Update(state);
        (state->Gpr[3], state->Gpr[6]) = (44, address);
        _machine.Run(a =>
        {
            a.mov(eax, 1);
            access(a);
            a.inc(eax);
            a.inc(eax);
            a.@out(TestBus.StopPort, al);
        });
    }
}
