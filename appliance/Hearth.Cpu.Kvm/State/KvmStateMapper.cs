using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Hearth.Cpu.Kvm.Interop;
using Hearth.Machine;

namespace Hearth.Cpu.Kvm;

/// <summary>Between a vCPU in the kernel and <see cref="CpuState"/>. Its time-stamp counter and local APIC are not part of it.</summary>
internal sealed unsafe class KvmStateMapper
{
    private const int MxcsrMaskOffset = 28;
    private const uint MxcsrMask = 0xFFFF;
    private const int XsaveHeader = 512;
    private const ulong X87AndSse = 3;
    private const ulong Avx = 4;

    private readonly KvmVcpuHandle _vcpu;
    private readonly CpuModel _model;
    private readonly MsrSet _msrs;

    public KvmStateMapper(KvmVcpuHandle vcpu, CpuModel model, MsrSet msrs)
    {
        _vcpu = vcpu;
        _model = model;
        _msrs = msrs;
    }

    private bool HasAvx => (_model.StateMask & Avx) != 0;

    /// <summary>Reads everything. The vCPU does not run and has no access under way.</summary>
    public CpuState Save()
    {
        var state = new CpuState();

        // Reading these two changes others: an INIT or SIPI that waits is taken, which sets nearly every register, and an exception that waits gets its CR2 or DR6.
        KvmActivity activity = _vcpu.GetActivity();
        SaveEvents(_vcpu.GetEvents(), state);
        SaveRegisters(_vcpu.GetRegisters(), state);
        SaveSystem(_vcpu.GetSystemRegisters(), state);
        SaveDebug(_vcpu.GetDebugRegisters(), state);
        SaveVectors(state.Xsave);
        state.Xcr0 = _vcpu.GetExtendedControlRegisters().value;
        _msrs.Save(state.Msrs);

        // After RESET a processor waits for INIT, and after that for SIPI; nobody can tell the difference.
        state.Activity = activity switch
        {
            KvmActivity.Halted => VcpuActivity.Halted,
            KvmActivity.Uninitialized or KvmActivity.InitReceived => VcpuActivity.WaitForSipi,
            _ => VcpuActivity.Running,
        };
        return state;
    }

    /// <exception cref="SavedStateException">KVM does not take the state.</exception>
    public void Restore(CpuState state)
    {
        try
        {
            _vcpu.SetSystemRegisters(SystemOf(state));
            _vcpu.SetRegisters(RegistersOf(state));
            _vcpu.SetExtendedControlRegisters(new kvm_xcrs { nr_xcrs = 1, value = state.Xcr0 });
            RestoreVectors(state.Xsave);
            _msrs.Restore(state.Msrs);
            _vcpu.SetDebugRegisters(DebugOf(state));
            _vcpu.SetEvents(EventsOf(state));
            _vcpu.SetActivity(state.Activity switch
            {
                VcpuActivity.Halted => KvmActivity.Halted,
                VcpuActivity.WaitForSipi => KvmActivity.InitReceived,
                _ => KvmActivity.Runnable,
            });
        }
        catch (Linux.LinuxException error)
        {
            throw new SavedStateException($"the vCPU state is none that this host's KVM takes for the CPU model {_model.Name}: {error.Message}", error);
        }
    }

    private static void SaveRegisters(in kvm_regs from, CpuState to)
    {
        ReadOnlySpan<ulong> registers =
        [
            from.rax, from.rcx, from.rdx, from.rbx, from.rsp, from.rbp, from.rsi, from.rdi,
            from.r8, from.r9, from.r10, from.r11, from.r12, from.r13, from.r14, from.r15,
        ];
        registers.CopyTo(to.Registers);
        (to.Rip, to.Rflags) = (from.rip, from.rflags);
    }

    private static kvm_regs RegistersOf(CpuState from)
    {
        ulong[] r = from.Registers;
        return new kvm_regs
        {
            rax = r[0], rcx = r[1], rdx = r[2], rbx = r[3], rsp = r[4], rbp = r[5], rsi = r[6], rdi = r[7],
            r8 = r[8], r9 = r[9], r10 = r[10], r11 = r[11], r12 = r[12], r13 = r[13], r14 = r[14], r15 = r[15],
            rip = from.Rip, rflags = from.Rflags,
        };
    }

    private static void SaveSystem(in kvm_sregs from, CpuState to)
    {
        to[SegmentName.ES] = SegmentImage.Load(from.es);
        to[SegmentName.CS] = SegmentImage.Load(from.cs);
        to[SegmentName.SS] = SegmentImage.Load(from.ss);
        to[SegmentName.DS] = SegmentImage.Load(from.ds);
        to[SegmentName.FS] = SegmentImage.Load(from.fs);
        to[SegmentName.GS] = SegmentImage.Load(from.gs);
        to[SegmentName.Ldtr] = SegmentImage.Load(from.ldt);
        to[SegmentName.Tr] = SegmentImage.Load(from.tr);
        to.Gdtr = new DescriptorTable(from.gdt.@base, from.gdt.limit);
        to.Idtr = new DescriptorTable(from.idt.@base, from.idt.limit);
        (to.Cr0, to.Cr2, to.Cr3, to.Cr4, to.Efer) = (from.cr0, from.cr2, from.cr3, from.cr4, from.efer);
    }

    private kvm_sregs SystemOf(CpuState from)
    {
        // What belongs to the local APIC stays as it is.
        kvm_sregs system = _vcpu.GetSystemRegisters();
        for (int i = 0; i < 4; i++)
            system.interrupt_bitmap[i] = 0;
        system.es = SegmentImage.Store(from[SegmentName.ES]);
        system.cs = SegmentImage.Store(from[SegmentName.CS]);
        system.ss = SegmentImage.Store(from[SegmentName.SS]);
        system.ds = SegmentImage.Store(from[SegmentName.DS]);
        system.fs = SegmentImage.Store(from[SegmentName.FS]);
        system.gs = SegmentImage.Store(from[SegmentName.GS]);
        system.ldt = SegmentImage.Store(from[SegmentName.Ldtr]);
        system.tr = SegmentImage.Store(from[SegmentName.Tr]);
        (system.gdt.@base, system.gdt.limit) = from.Gdtr;
        (system.idt.@base, system.idt.limit) = from.Idtr;
        (system.cr0, system.cr2, system.cr3, system.cr4, system.efer) = (from.Cr0, from.Cr2, from.Cr3, from.Cr4, from.Efer);
        return system;
    }

    /// <summary>An INT n, INT3 or INTO whose delivery was broken off is not kept: RIP is at it again.</summary>
    private static void SaveEvents(in kvm_vcpu_events from, CpuState to)
    {
        to.InterruptShadow = from.interrupt_shadow != 0;
        to.NmiPending = from.nmi_pending != 0 || from.nmi_injected != 0;
        to.NmiBlocked = from.nmi_masked != 0 && from.nmi_injected == 0;
        if (from.interrupt_injected != 0 && from.interrupt_soft == 0)
            to.Pending = new PendingEvent(PendingEventKind.Interrupt, from.interrupt_nr);
        else if ((from.exception_injected | from.exception_pending) != 0 && !IsSoftware(from.exception_nr))
            to.Pending = new PendingEvent(PendingEventKind.Exception, from.exception_nr, from.exception_has_error_code != 0, from.exception_error_code);
    }

    /// <summary>Of STI there is none with interrupts off, and VT-x refuses to enter with one (Intel SDM 3, 26.3.1.5): then it is of MOV SS.</summary>
    private static byte ShadowOf(CpuState from)
    {
        const ulong InterruptsOn = 1 << 9;
        if (!from.InterruptShadow)
            return 0;
        return (from.Rflags & InterruptsOn) != 0 ? kvm_vcpu_events.ShadowSti : kvm_vcpu_events.ShadowMoveSs;
    }

    private static bool IsSoftware(byte vector) => vector is 3 or 4;

    private static kvm_vcpu_events EventsOf(CpuState from)
    {
        PendingEvent pending = from.Pending;
        bool isException = pending.Kind == PendingEventKind.Exception;
        return new kvm_vcpu_events
        {
            flags = kvm_vcpu_events.NmiPendingValid | kvm_vcpu_events.ShadowValid,
            interrupt_shadow = ShadowOf(from),
            nmi_pending = from.NmiPending ? (byte)1 : (byte)0,
            nmi_masked = from.NmiBlocked ? (byte)1 : (byte)0,
            interrupt_injected = pending.Kind == PendingEventKind.Interrupt ? (byte)1 : (byte)0,
            interrupt_nr = pending.Kind == PendingEventKind.Interrupt ? pending.Vector : (byte)0,
            exception_injected = isException ? (byte)1 : (byte)0,
            exception_nr = isException ? pending.Vector : (byte)0,
            exception_has_error_code = isException && pending.HasErrorCode ? (byte)1 : (byte)0,
            exception_error_code = isException ? pending.ErrorCode : 0,
        };
    }

    private static void SaveDebug(in kvm_debugregs from, CpuState to)
    {
        for (int i = 0; i < 4; i++)
            to.DebugRegisters[i] = from.db[i];
        (to.DebugRegisters[4], to.DebugRegisters[5]) = (from.dr6, from.dr7);
    }

    private static kvm_debugregs DebugOf(CpuState from)
    {
        var registers = new kvm_debugregs { dr6 = from.DebugRegisters[4], dr7 = from.DebugRegisters[5] };
        for (int i = 0; i < 4; i++)
            registers.db[i] = from.DebugRegisters[i];
        return registers;
    }

    private void SaveVectors(Span<byte> to)
    {
        kvm_xsave area = default;
        _vcpu.GetXsave(ref area);
        MemoryMarshal.AsBytes(new Span<kvm_xsave>(ref area))[..CpuState.XsaveLength].CopyTo(to);

        // A constant of the model, which some kernels leave out.
        BinaryPrimitives.WriteUInt32LittleEndian(to[MxcsrMaskOffset..], MxcsrMask);

        // The kernel fills in what is in its initial configuration, so that all of it can be said to be there.
        BinaryPrimitives.WriteUInt64LittleEndian(to[XsaveHeader..], HasAvx ? X87AndSse | Avx : X87AndSse);
        to[(XsaveHeader + sizeof(ulong))..576].Clear();
        if (!HasAvx)
            to[576..].Clear();
    }

    private void RestoreVectors(ReadOnlySpan<byte> from)
    {
        kvm_xsave area = default;
        Span<byte> to = MemoryMarshal.AsBytes(new Span<kvm_xsave>(ref area));
        from.CopyTo(to);
        ulong present = BinaryPrimitives.ReadUInt64LittleEndian(from[XsaveHeader..]);
        BinaryPrimitives.WriteUInt64LittleEndian(to[XsaveHeader..], present & (HasAvx ? X87AndSse | Avx : X87AndSse));
        _vcpu.SetXsave(area);
    }
}
