using Hearth.Cpu.Kvm.Interop;
using Hearth.Linux;

namespace Hearth.Cpu.Kvm.Tests;

/// <summary>The ioctls by themselves, on this host's KVM.</summary>
public sealed unsafe class KvmVcpuTests : IDisposable
{
    private const int MemoryLength = 0x8000;

    private readonly MappedMemory _memory = MappedMemory.Anonymous(MemoryLength);
    private readonly KvmDevice _device;
    private readonly KvmMachine _machine;
    private readonly KvmVcpuHandle _vcpu;

    public KvmVcpuTests()
    {
        Hosts.RequireDevice();
        _device = KvmDevice.Open();
        _machine = _device.CreateMachine();
        _machine.SetMemory(0, 0, _memory.Address, MemoryLength);
        _vcpu = _machine.CreateVcpu(0);
    }

    public void Dispose()
    {
        _vcpu.Dispose();
        _machine.Dispose();
        _device.Dispose();
        _memory.Dispose();
    }

    [Fact]
    public void Registers_come_back_as_they_were_set()
    {
        var registers = new kvm_regs { rax = 1, rbx = 2, rsp = 3, r15 = 4, rip = 0x1234, rflags = 2 };

        _vcpu.SetRegisters(registers);

        Assert.Equal(registers, _vcpu.GetRegisters());
    }

    [Fact]
    public void A_loop_ends_at_its_halt()
    {
        ProbeGuest.Write(new Span<byte>(_memory.Address, MemoryLength));
        ProbeGuest.EnterLongMode(_vcpu);
        _vcpu.SetRegisters(ProbeGuest.Start(100));

        KvmExit exit = _vcpu.Run();

        Assert.Equal((KvmExit.Halt, 0UL, 5UL), (exit, _vcpu.GetRegisters().rcx, _vcpu.GetRegisters().rip));
    }

    /// <summary>The probe's, which every start has to wait for.</summary>
    [Fact]
    public void A_loop_that_does_not_end_is_given_up()
    {
        ProbeGuest.Write(new Span<byte>(_memory.Address, MemoryLength));
        ((ReadOnlySpan<byte>)[0xEB, 0xFE]).CopyTo(new Span<byte>(_memory.Address, 2)); // jmp to itself
        ProbeGuest.EnterLongMode(_vcpu);
        using var mailbox = new VcpuMailbox(_vcpu.Shared);
        mailbox.Attach();
        using var limit = new Timer(_ => mailbox.Post(VcpuRequests.Stop), null, 50, Timeout.Infinite);

        KvmFinding? finding = KvmProbe.TryRun(_vcpu, mailbox, 1, out _);

        Assert.Equal("KVM does not come back from a guest's code", finding?.Reason);
    }

    [Fact]
    public void A_port_is_written_to()
    {
        ProbeGuest.Write(new Span<byte>(_memory.Address, MemoryLength));
        ((ReadOnlySpan<byte>)[0xE7, 0x42]).CopyTo(new Span<byte>(_memory.Address, 2)); // out 42h, eax
        ProbeGuest.EnterLongMode(_vcpu);
        _vcpu.SetRegisters(ProbeGuest.Start(1) with { rax = 0xCAFE_F00D });

        Assert.Equal(KvmExit.Io, _vcpu.Run());

        kvm_run* run = _vcpu.Shared;
        Assert.Equal((0x42, 4, 1U, 1), (run->io_port, run->io_size, run->io_count, run->io_direction));
        Assert.Equal(0xCAFE_F00DU, *(uint*)((byte*)run + run->io_data_offset));
    }

    [Fact]
    public void An_impossible_state_is_refused_with_a_sentence()
    {
        kvm_sregs system = _vcpu.GetSystemRegisters();

        // Paging in long mode without PAE (Intel SDM Vol. 3, section 4.1.1).
        (system.cr0, system.cr4, system.efer) = (0x8000_0001, 0, 0x500);

        var error = Assert.Throws<LinuxException>(() => _vcpu.SetSystemRegisters(system));

        Assert.StartsWith("KVM does not take the vCPU's system registers", error.Message, StringComparison.Ordinal);
    }
}
