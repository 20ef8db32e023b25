using Hearth.Machine;
using Hearth.Testing;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Hearth.Cpu.Software.Tests.Runtime;

/// <summary>Whatever a guest does again and again costs nothing on the managed heap.</summary>
public sealed unsafe class AllocationTests : IDisposable
{
    private const ulong Crossing = CodeMachine.Data + 0xFFD;
    private const ulong Handler = CodeMachine.Code + 0x2000;
    private const ulong Hole = CodeMachine.Data + 0x1_0000;
    private const int Rounds = 64;

    private static readonly Dictionary<string, Action<Assembler>> s_bodies = new()
    {
        ["device read"] = a => a.mov(eax, __dword_ptr[CodeMachine.Device]),
        ["device write"] = a => a.mov(__dword_ptr[CodeMachine.Device], eax),
        ["port"] = a => a.@in(al, 0x60),
        ["crossing store"] = a => a.mov(__qword_ptr[Crossing], rax),
        ["crossing lock"] = a => a.@lock.add(__qword_ptr[Crossing], 1),
        ["cpuid"] = a => { a.mov(ebx, ecx); a.xor(eax, eax); a.cpuid(); a.mov(ecx, ebp); },
        ["rdtsc"] = a => a.rdtsc(),
        ["string"] = a => { a.mov(edi, (uint)CodeMachine.Data); a.mov(ecx, 32); a.rep.stosq(); a.mov(ecx, ebp); },
        ["string copy"] = a => { a.mov(esi, (uint)CodeMachine.Data + 3); a.mov(edi, (uint)CodeMachine.Data + 0x1FFD); a.mov(ecx, 900); a.rep.movsq(); a.mov(ecx, ebp); },
        ["string elements"] = a => { a.mov(esi, (uint)CodeMachine.Data); a.mov(edi, esi); a.movsb(); a.stosd(); a.lodsw(); a.scasq(); a.cmpsb(); },
        ["invlpg"] = a => { a.invlpg(__[CodeMachine.Data]); a.mov(eax, __[CodeMachine.Data]); },
        ["cr3"] = a => { a.mov(rax, cr3); a.mov(cr3, rax); },
        ["change of mode"] = a => { a.mov(rax, cr0); a.or(eax, 8); a.mov(cr0, rax); a.nop(); a.clts(); },
        ["page fault"] = a => a.mov(eax, __[Hole]),
        ["divide error"] = a => { a.xor(eax, eax); a.xor(edx, edx); a.xor(ebx, ebx); a.div(ebx); },
        ["software interrupt"] = a => a.@int(0x50),
        ["interrupt"] = a => { a.sti(); a.@out(TestBus.CallPort, al); a.cli(); },
        ["halt"] = a => { a.@out(TestBus.CallPort, al); a.sti(); a.hlt(); a.cli(); },
        ["single step"] = a => { a.push(0x102); a.popfq(); a.nop(); a.push(2); a.popfq(); },
        ["store beside code"] = a => a.mov(__dword_ptr[Handler + 0x40], eax),
        ["far away call"] = a => { a.mov(eax, (uint)Handler + 0x20); a.call(rax); },
    };

    private readonly CodeMachine _machine = new();

    public static TheoryData<string> Bodies => [.. s_bodies.Keys];

    public void Dispose() => _machine.Dispose();

    [Theory]
    [MemberData(nameof(Bodies))]
    public void Nothing_is_allocated_in_the_steady_state(string body)
    {
        Build(body);
        VcpuExit exit = default;

        long allocated = Allocations.Of(() => exit = _machine.Vcpu.Run(_machine.Bus), prepare: StartAgain);

        Assert.Equal(0, allocated);
        Assert.Equal(VcpuExitReason.Kicked, exit.Reason);
        Assert.Equal(0UL, _machine.State->Gpr[5]);
    }

    private void Build(string body)
    {
        _machine.Entry(Hole) = 0;
        _machine.Bus.Called = () => _machine.Apic.Raise(0x40);

        // Handlers of faults skip the instruction: all have two or seven bytes, and RBP counts the rounds.
        _machine.Assemble(Handler, a => a.iretq());
        _machine.Assemble(Handler + 0x20, a => a.ret());
        _machine.Assemble(Handler + 0x100, Skip(2, popError: 0));
        _machine.Assemble(Handler + 0x140, Skip(7, popError: 8));
        _machine.SetHandler(0, Handler + 0x100);
        _machine.SetHandler(14, Handler + 0x140);
        _machine.SetHandler(1, Handler);
        _machine.SetHandler(0x40, Handler);
        _machine.SetHandler(0x50, Handler);
        _machine.Assemble(CodeMachine.Code, a =>
        {
            Label loop = a.CreateLabel();
            a.mov(ebp, Rounds);
            a.Label(ref loop);
            s_bodies[body](a);
            a.dec(ebp);
            a.jne(loop);
            a.@out(TestBus.StopPort, al);
        });
    }

    private static Action<Assembler> Skip(int bytes, int popError) => a =>
    {
        a.lea(rsp, __[rsp + popError]);
        a.add(__qword_ptr[rsp], bytes);
        a.iretq();
    };

    private void StartAgain()
    {
        _machine.Bus.Accesses.Clear();
        _machine.State->Rip = CodeMachine.Code;
    }
}
