using Hearth.Cpu.Kvm.Interop;
using Hearth.Linux;
using static Hearth.Cpu.Kvm.Interop.KvmApi;

namespace Hearth.Cpu.Kvm;

/// <summary>A virtual machine of KVM: memory and vCPUs. Disposed after its vCPUs.</summary>
internal sealed unsafe class KvmMachine : IDisposable
{
    // SAFETY: what an ioctl is given lies on the stack or is pinned, has the length that the request's number says, and is not kept by the kernel. The
    // guest's memory is, as SetMemory says.
    private readonly FileDescriptor _file;
    private readonly int _runLength;

    /// <param name="file">Owned.</param>
    /// <param name="runLength">Bytes that each vCPU shares with the kernel.</param>
    public KvmMachine(FileDescriptor file, int runLength)
    {
        _file = file;
        _runLength = runLength;
    }

    /// <summary>Puts memory of this process at a guest-physical address. All numbers are multiples of 4096.</summary>
    /// <param name="slot">Its number; one that is in use is replaced.</param>
    /// <param name="host">Stays mapped while the machine exists.</param>
    /// <param name="logsWrites">Its dirty log is kept. It begins without a page each time that this is set anew.</param>
    /// <param name="isReadOnly">Writes exit. To be changed only by way of a length of 0, which takes the memory away.</param>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public void SetMemory(int slot, ulong physical, byte* host, ulong length, bool logsWrites = false, bool isReadOnly = false)
    {
        var region = new kvm_userspace_memory_region
        {
            slot = (uint)slot,
            flags = (logsWrites ? kvm_userspace_memory_region.LogDirtyPages : 0) | (isReadOnly ? kvm_userspace_memory_region.ReadOnly : 0),
            guest_phys_addr = physical,
            memory_size = length,
            userspace_addr = (ulong)host,
        };
        Require(ioctl(_file.Number, KVM_SET_USER_MEMORY_REGION, &region), "KVM cannot take the guest's memory");
    }

    /// <summary>Makes a dirty log keep its pages until <see cref="ClearDirtyLog"/>. Before there is one.</summary>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public void KeepDirtyLogs()
    {
        var capability = new kvm_enable_cap { cap = (uint)KvmCapability.ManualDirtyLogProtect };
        capability.args[0] = 1;
        Require(ioctl(_file.Number, KVM_ENABLE_CAP, &capability), "KVM does not let its dirty logs be cleared by hand");
    }

    /// <summary>Reads which pages of a slot were written since they were cleared.</summary>
    /// <param name="bitmap">A bit a page, in whole words of 64 bits; written over.</param>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public void ReadDirtyLog(int slot, ulong* bitmap)
    {
        var log = new kvm_dirty_log { slot = (uint)slot, dirty_bitmap = bitmap };
        Require(ioctl(_file.Number, KVM_GET_DIRTY_LOG, &log), "KVM does not give its dirty log");
    }

    /// <summary>Takes pages from the log of a slot and has their next writes noted.</summary>
    /// <param name="first">A multiple of 64.</param>
    /// <param name="count">A multiple of 64, or all that are left of the slot.</param>
    /// <param name="bitmap">A bit for each of these pages.</param>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public void ClearDirtyLog(int slot, ulong first, uint count, ulong* bitmap)
    {
        var log = new kvm_clear_dirty_log { slot = (uint)slot, first_page = first, num_pages = count, dirty_bitmap = bitmap };
        Require(ioctl(_file.Number, KVM_CLEAR_DIRTY_LOG, &log), "KVM does not clear its dirty log");
    }

    /// <exception cref="LinuxException">The kernel refused.</exception>
    public KvmVcpuHandle CreateVcpu(int index)
    {
        int number = ioctl(_file.Number, KVM_CREATE_VCPU, (nuint)index);
        Require(number, $"KVM cannot create vCPU {index}");
        var file = new FileDescriptor(number);
        try
        {
            return new KvmVcpuHandle(file, _runLength);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Gives every vCPU that is created later a local APIC in the kernel, and leaves PIC and IOAPIC to this process.</summary>
    /// <param name="pins">Pins of the IOAPIC.</param>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public void CreateLocalApics(int pins)
    {
        var capability = new kvm_enable_cap { cap = (uint)KvmCapability.SplitIrqChip };
        capability.args[0] = (ulong)pins;
        Require(ioctl(_file.Number, KVM_ENABLE_CAP, &capability), "KVM cannot give the guest its local APICs");
    }

    /// <summary>
    /// Lends KVM four pages of addresses that belong to no RAM and no device: Intel processors without unrestricted guests run real mode with
    /// a task state and page tables there. Others ignore it.
    /// </summary>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public void LendPages(ulong address)
    {
        const ulong PageSize = 4096;
        Require(ioctl(_file.Number, KVM_SET_IDENTITY_MAP_ADDR, &address), "KVM does not take the address of its identity map");
        Require(ioctl(_file.Number, KVM_SET_TSS_ADDR, (nuint)(address + PageSize)), "KVM does not take the address of its task state");
    }

    /// <summary>Which message each pin of the IOAPIC sends.</summary>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public void SetRoutes(KvmList<kvm_irq_routing, kvm_irq_routing_entry> routes)
    {
        fixed (byte* argument = routes.Bytes)
            Require(ioctl(_file.Number, KVM_SET_GSI_ROUTING, argument), "KVM does not take the interrupt routes");
    }

    /// <summary>Sends an interrupt message.</summary>
    /// <returns>False when no local APIC took it.</returns>
    public bool TrySignal(ulong address, uint data)
    {
        var message = new kvm_msi { address_lo = (uint)address, address_hi = (uint)(address >> 32), data = data };
        return ioctl(_file.Number, KVM_SIGNAL_MSI, &message) > 0;
    }

    /// <summary>Nanoseconds of the paravirtual clock of all vCPUs.</summary>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public ulong Clock
    {
        get
        {
            kvm_clock_data data;
            Require(ioctl(_file.Number, KVM_GET_CLOCK, &data), "KVM does not give the guest's clock");
            return data.clock;
        }

        set
        {
            var data = new kvm_clock_data { clock = value };
            Require(ioctl(_file.Number, KVM_SET_CLOCK, &data), "KVM does not let the guest's clock be set");
        }
    }

    public void Dispose() => _file.Dispose();
}
