using System.Runtime.InteropServices;
using Hearth.Cpu.Kvm.Interop;
using Hearth.Linux;
using static Hearth.Cpu.Kvm.Interop.KvmApi;

namespace Hearth.Cpu.Kvm;

/// <summary>A vCPU of KVM as the kernel has it. Belongs to one thread at a time.</summary>
internal sealed unsafe class KvmVcpuHandle : IDisposable
{
    // SAFETY: what an ioctl is given lies on the stack or is pinned, has the length that the request's number says, and is not kept by the kernel.
    private readonly FileDescriptor _file;
    private readonly MappedMemory _run;

    /// <param name="file">Owned.</param>
    /// <param name="runLength">Bytes shared with the kernel.</param>
    /// <exception cref="LinuxException">They cannot be mapped.</exception>
    public KvmVcpuHandle(FileDescriptor file, int runLength)
    {
        _file = file;
        _run = MappedMemory.Shared(file, (nuint)runLength);
    }

    /// <summary>What the vCPU shares with the kernel.</summary>
    public kvm_run* Shared => (kvm_run*)_run.Address;

    /// <summary>Runs guest code until something needs this process.</summary>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public KvmExit Run()
    {
        const int EINTR = 4;
        const int EAGAIN = 11;
        if (ioctl_run(_file.Number, KVM_RUN, 0) >= 0)
            return (KvmExit)Shared->exit_reason;
        int errno = Marshal.GetLastSystemError();
        return errno is EINTR or EAGAIN ? KvmExit.Interrupted : throw new LinuxException("KVM cannot run the vCPU", errno);
    }

    /// <exception cref="LinuxException">The kernel refused.</exception>
    public kvm_regs GetRegisters() => Get<kvm_regs>(KVM_GET_REGS, "registers");

    /// <exception cref="LinuxException">The kernel refused: the state is not one a processor can be in.</exception>
    public void SetRegisters(in kvm_regs registers) => Set(KVM_SET_REGS, registers, "registers");

    /// <inheritdoc cref="GetRegisters"/>
    public kvm_sregs GetSystemRegisters() => Get<kvm_sregs>(KVM_GET_SREGS, "system registers");

    /// <inheritdoc cref="SetRegisters"/>
    public void SetSystemRegisters(in kvm_sregs registers) => Set(KVM_SET_SREGS, registers, "system registers");

    public kvm_lapic_state GetLocalApic() => Get<kvm_lapic_state>(KVM_GET_LAPIC, "local APIC");

    public void SetLocalApic(in kvm_lapic_state state) => Set(KVM_SET_LAPIC, state, "local APIC");

    public KvmActivity GetActivity() => Get<kvm_mp_state>(KVM_GET_MP_STATE, "activity").mp_state;

    public void SetActivity(KvmActivity activity) => Set(KVM_SET_MP_STATE, new kvm_mp_state { mp_state = activity }, "activity");

    public kvm_vcpu_events GetEvents() => Get<kvm_vcpu_events>(KVM_GET_VCPU_EVENTS, "events");

    public void SetEvents(in kvm_vcpu_events events) => Set(KVM_SET_VCPU_EVENTS, events, "events");

    public kvm_debugregs GetDebugRegisters() => Get<kvm_debugregs>(KVM_GET_DEBUGREGS, "debug registers");

    public void SetDebugRegisters(in kvm_debugregs registers) => Set(KVM_SET_DEBUGREGS, registers, "debug registers");

    public void GetXsave(ref kvm_xsave state) => state = Get<kvm_xsave>(KVM_GET_XSAVE, "vector registers");

    public void SetXsave(in kvm_xsave state) => Set(KVM_SET_XSAVE, state, "vector registers");

    public kvm_xcrs GetExtendedControlRegisters() => Get<kvm_xcrs>(KVM_GET_XCRS, "extended control registers");

    public void SetExtendedControlRegisters(in kvm_xcrs registers) => Set(KVM_SET_XCRS, registers, "extended control registers");

    /// <summary>Reads a model-specific register.</summary>
    /// <returns>False when KVM has none of this number.</returns>
    public bool TryGetMsr(uint index, out ulong value)
    {
        var one = new OneMsr { Count = 1, Entry = new kvm_msr_entry { index = index } };
        bool exists = ioctl(_file.Number, KVM_GET_MSRS, &one) == 1;
        value = one.Entry.data;
        return exists;
    }

    /// <summary>Reads a model-specific register that exists.</summary>
    /// <exception cref="LinuxException">It cannot be read.</exception>
    public ulong GetMsr(uint index) =>
        TryGetMsr(index, out ulong value) ? value : throw new LinuxException($"KVM does not give the vCPU's model-specific register 0x{index:x}", Marshal.GetLastPInvokeError());

    /// <summary>Reads model-specific registers that exist.</summary>
    /// <exception cref="LinuxException">One of them cannot be read.</exception>
    public void GetMsrs(KvmList<kvm_msrs, kvm_msr_entry> registers, int count)
    {
        fixed (byte* argument = registers.Bytes)
        {
            if (ioctl(_file.Number, KVM_GET_MSRS, argument) != count)
                throw new LinuxException("KVM does not give the vCPU's model-specific registers", Marshal.GetLastPInvokeError());
        }
    }

    /// <summary>Writes a model-specific register.</summary>
    /// <returns>False when KVM does not take it.</returns>
    public bool TrySetMsr(uint index, ulong value)
    {
        var one = new OneMsr { Count = 1, Entry = new kvm_msr_entry { index = index, data = value } };
        return ioctl(_file.Number, KVM_SET_MSRS, &one) == 1;
    }

    /// <summary>What the vCPU's time-stamp counter is ahead of the host's, in guest ticks.</summary>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public ulong TscOffset
    {
        get
        {
            ulong offset = 0;
            AccessTscOffset(KVM_GET_DEVICE_ATTR, &offset);
            return offset;
        }

        set => AccessTscOffset(KVM_SET_DEVICE_ATTR, &value);
    }

    /// <summary>Tells the guest by its paravirtual clock that it did not run, so that it forgives its watchdogs; one without that clock is told nothing (KVM_KVMCLOCK_CTRL).</summary>
    public void TellStopped() => _ = ioctl(_file.Number, KVM_KVMCLOCK_CTRL, (nuint)0);

    /// <summary>Ticks a second of the time-stamp counter, to a thousand; the host's until another is set.</summary>
    public ulong TscFrequency => (ulong)Math.Max(ioctl(_file.Number, KVM_GET_TSC_KHZ, (nuint)0), 0) * 1000;

    /// <summary>Makes the time-stamp counter count at a pace of its own.</summary>
    /// <returns>False when the host's processor cannot scale it.</returns>
    public bool TrySetTscFrequency(uint kilohertz) => ioctl(_file.Number, KVM_SET_TSC_KHZ, (nuint)kilohertz) == 0;

    /// <exception cref="LinuxException">The kernel refused.</exception>
    public void SetCpuid(KvmCpuid cpuid)
    {
        var list = new KvmList<kvm_cpuid2, kvm_cpuid_entry2>(cpuid.Entries.Length);
        list.Head.nent = (uint)cpuid.Entries.Length;
        cpuid.Entries.CopyTo(list.Items);
        fixed (byte* argument = list.Bytes)
            Require(ioctl(_file.Number, KVM_SET_CPUID2, argument), "KVM does not take the vCPU's CPUID");
    }

    /// <summary>Makes what CPUID does not announce of KVM's own interface, and of Hyper-V's where that is shown, not exist, where the kernel can do that.</summary>
    public void HideUnannounced(ParavirtualInterface paravirtual)
    {
        TryEnable(KvmCapability.EnforcePvFeatures);
        if (paravirtual == ParavirtualInterface.HyperV)
            TryEnable(KvmCapability.EnforceHyperVCpuid);
    }

    public void Dispose()
    {
        _run.Dispose();
        _file.Dispose();
    }

    private T Get<T>(uint request, string what)
        where T : unmanaged
    {
        T value;
        return ioctl(_file.Number, request, &value) >= 0 ? value : throw new LinuxException($"KVM does not give the vCPU's {what}", Marshal.GetLastPInvokeError());
    }

    private void Set<T>(uint request, in T value, string what)
        where T : unmanaged
    {
        fixed (T* argument = &value)
        {
            if (ioctl(_file.Number, request, argument) < 0)
                throw new LinuxException($"KVM does not take the vCPU's {what}", Marshal.GetLastPInvokeError());
        }
    }

    private void TryEnable(KvmCapability what)
    {
        var capability = new kvm_enable_cap { cap = (uint)what };
        capability.args[0] = 1;
        _ = ioctl(_file.Number, KVM_ENABLE_CAP, &capability);
    }

    private void AccessTscOffset(uint request, ulong* offset)
    {
        var attribute = new kvm_device_attr { group = kvm_device_attr.TscControl, attr = kvm_device_attr.TscOffset, addr = (ulong)offset };
        Require(ioctl(_file.Number, request, &attribute), "KVM does not let the vCPU's time-stamp counter be moved");
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct OneMsr
    {
        public uint Count;
        public uint Padding;
        public kvm_msr_entry Entry;
    }
}
