using System.Diagnostics;
using Hearth.Machine;
using Hearth.Memory;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Hearth.Cpu.Software.Tests.Translator;

public sealed unsafe class TranslatedCodeTests : IDisposable
{
    private const ulong CodeStart = 0x10000;
    private static readonly TimeSpan s_glance = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);
    private readonly GuestRam _ram = new(16 << 20);
    private readonly SoftwareCpuEngine _engine;
    private readonly SoftwareVcpu _vcpu;

    public TranslatedCodeTests()
    {
        _engine = new SoftwareCpuEngine(_ram, new SoftwareEngineOptions { Model = CpuModel.X64Version3Of2021, TscFrequency = 1_000_000_000, CodeCacheLength = 16 << 20 });
        _vcpu = (SoftwareVcpu)_engine.CreateVcpu(0);
        VcpuState* s = _vcpu.State;
        s->Cr0 = 0x31;
        s->Cr4 = 0x40600;
        s->Xcr0 = 7;
        s->Efer = 0x500;
        s->SegmentAttributes[(int)SegmentName.CS] = 0x29B | (1 << 9);
        s->SegmentLimit[(int)SegmentName.CS] = uint.MaxValue;
        s->SystemFlags = 2;
        s->Mxcsr = 0x1F80;
        *(ushort*)s->X87 = 0x37F;
        ModeState.Update(s);
    }

    [Fact]
    public void Loop_sums_to_the_closed_form()
    {
        var a = new Assembler(64);
        Label loop = a.CreateLabel();
        a.xor(eax, eax);
        a.mov(ecx, 1000);
        a.Label(ref loop);
        a.add(rax, rcx);
        a.dec(ecx);
        a.jne(loop);
        a.hlt();

        Run(a);

        Assert.Equal(500500UL, _vcpu.State->Gpr[0]);
    }

    [Fact]
    public void Memory_and_spilled_registers_round_trip()
    {
        var a = new Assembler(64);
        a.mov(r13, 0x200000);
        a.mov(r14, 0x1122334455667788UL);
        a.mov(__[r13 + 8], r14);
        a.mov(r15d, __dword_ptr[r13 + 12]);
        a.movzx(ecx, ah);
        a.mov(rsi, r13);
        a.mov(ch, __byte_ptr[rsi + 8]);
        a.push(r14);
        a.pop(rbx);
        a.lea(r11, __[r13 + r15 * 2 + 5]);
        a.hlt();

        _vcpu.State->Gpr[4] = 0x300000;
        Run(a);

        Assert.Equal(0x11223344UL, _vcpu.State->Gpr[15]);
        Assert.Equal(0x8800UL, _vcpu.State->Gpr[1]);
        Assert.Equal(0x1122334455667788UL, _vcpu.State->Gpr[3]);
        Assert.Equal(0x300000UL, _vcpu.State->Gpr[4]);
        Assert.Equal(0x200000UL + (0x11223344UL * 2) + 5, _vcpu.State->Gpr[11]);
    }

    [Fact]
    public void Calls_return_through_the_stack()
    {
        var a = new Assembler(64);
        Label function = a.CreateLabel();
        Label done = a.CreateLabel();
        a.mov(ebx, 0);
        a.mov(r12d, 10000);
        Label loop = a.CreateLabel();
        a.Label(ref loop);
        a.call(function);
        a.sub(r12d, 1);
        a.jne(loop);
        a.jmp(done);
        a.Label(ref function);
        a.add(ebx, 3);
        a.ret();
        a.Label(ref done);
        a.hlt();

        _vcpu.State->Gpr[4] = 0x300000;
        Run(a);

        Assert.Equal(30000UL, _vcpu.State->Gpr[3]);
    }

    [Fact]
    public void Crossing_accesses_reach_both_pages()
    {
        var a = new Assembler(64);
        a.mov(rdi, 0x200FFDUL);
        a.mov(rax, 0x0102030405060708UL);
        a.mov(__[rdi], rax);
        a.mov(rdx, __[rdi]);
        a.@lock.add(__qword_ptr[rdi], 1);
        a.mov(rbx, __[rdi]);
        a.hlt();

        Run(a);

        Assert.Equal(0x0102030405060708UL, _vcpu.State->Gpr[2]);
        Assert.Equal(0x0102030405060709UL, _vcpu.State->Gpr[3]);
    }

    /// <summary>The host may have neither.</summary>
    [Fact]
    public void Random_numbers_do_not_come_from_the_host_processor()
    {
        var a = new Assembler(64);
        a.rdseed(rsi);
        a.setc(al);
        a.rdrand(rdi);
        a.setc(ah);
        a.hlt();

        Run(a);

        Assert.Equal(0x101UL, _vcpu.State->Gpr[0] & 0xFFFF);
        Assert.NotEqual(_vcpu.State->Gpr[6], _vcpu.State->Gpr[7]);
    }

    public void Dispose() => _engine.Dispose();

    private void KickWhenDone(long start)
    {
        if (Volatile.Read(ref _vcpu.State->Activity) != 0 || Stopwatch.GetElapsedTime(start) > s_patience)
            _vcpu.Kick();
    }

    private void Run(Assembler assembler)
    {
        var stream = new MemoryStream();
        assembler.Assemble(new StreamCodeWriter(stream), CodeStart);
        Assert.True(_ram.TryWrite(new GuestAddress(CodeStart), stream.ToArray()));
        _vcpu.State->Rip = CodeStart;
        _vcpu.State->Activity = 0;

        // A halted vCPU that nothing interrupts waits until it is kicked.
        long start = Stopwatch.GetTimestamp();
        var timer = new Timer(_ => KickWhenDone(start), null, s_glance, s_glance);
        using var isOver = new ManualResetEvent(false);
        VcpuExit exit = _vcpu.Run(null!);

        // The state that it looks at is unmapped afterwards.
        timer.Dispose(isOver);
        isOver.WaitOne();
        Assert.Equal("", exit.Detail);
        Assert.Equal((byte)VcpuActivity.Halted, _vcpu.State->Activity);
    }
}
