using System.Runtime.InteropServices;

namespace Hearth.Cpu.Kvm.Interop;

[StructLayout(LayoutKind.Sequential)]
internal struct kvm_userspace_memory_region
{
    /// <summary>KVM_MEM_LOG_DIRTY_PAGES.</summary>
    public const uint LogDirtyPages = 1;

    /// <summary>KVM_MEM_READONLY: writes exit as to a device.</summary>
    public const uint ReadOnly = 2;

    public uint slot;
    public uint flags;
    public ulong guest_phys_addr;
    public ulong memory_size;
    public ulong userspace_addr;
}

[StructLayout(LayoutKind.Sequential)]
internal struct kvm_regs
{
    public ulong rax;
    public ulong rbx;
    public ulong rcx;
    public ulong rdx;
    public ulong rsi;
    public ulong rdi;
    public ulong rsp;
    public ulong rbp;
    public ulong r8;
    public ulong r9;
    public ulong r10;
    public ulong r11;
    public ulong r12;
    public ulong r13;
    public ulong r14;
    public ulong r15;
    public ulong rip;
    public ulong rflags;
}

[StructLayout(LayoutKind.Sequential)]
internal struct kvm_segment
{
    public ulong @base;
    public uint limit;
    public ushort selector;
    public byte type;
    public byte present;
    public byte dpl;
    public byte db;
    public byte s;
    public byte l;
    public byte g;
    public byte avl;
    public byte unusable;
    public byte padding;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct kvm_dtable
{
    public ulong @base;
    public ushort limit;
    public fixed ushort padding[3];
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct kvm_sregs
{
    public kvm_segment cs;
    public kvm_segment ds;
    public kvm_segment es;
    public kvm_segment fs;
    public kvm_segment gs;
    public kvm_segment ss;
    public kvm_segment tr;
    public kvm_segment ldt;
    public kvm_dtable gdt;
    public kvm_dtable idt;
    public ulong cr0;
    public ulong cr2;
    public ulong cr3;
    public ulong cr4;
    public ulong cr8;
    public ulong efer;
    public ulong apic_base;
    public fixed ulong interrupt_bitmap[4];
}

/// <summary>The head of a list of MSR numbers.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct kvm_msr_list
{
    public uint nmsrs;
}

/// <summary>The head of a list of <see cref="kvm_msr_entry"/>s.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct kvm_msrs
{
    public uint nmsrs;
    public uint pad;
}

[StructLayout(LayoutKind.Sequential)]
internal struct kvm_msr_entry
{
    public uint index;
    public uint reserved;
    public ulong data;
}

/// <summary>The head of a list of <see cref="kvm_cpuid_entry2"/>s.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct kvm_cpuid2
{
    public uint nent;
    public uint padding;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct kvm_cpuid_entry2
{
    /// <summary>KVM_CPUID_FLAG_SIGNIFCANT_INDEX, as the kernel spells it: the entry is for one subleaf.</summary>
    public const uint SignificantIndex = 1;

    public uint function;
    public uint index;
    public uint flags;
    public uint eax;
    public uint ebx;
    public uint ecx;
    public uint edx;
    public fixed uint padding[3];
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct kvm_dirty_log
{
    public uint slot;
    public uint padding;
    public void* dirty_bitmap;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct kvm_clear_dirty_log
{
    public uint slot;
    public uint num_pages;
    public ulong first_page;
    public void* dirty_bitmap;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct kvm_enable_cap
{
    public uint cap;
    public uint flags;
    public fixed ulong args[4];
    public fixed byte pad[64];
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct kvm_msi
{
    public uint address_lo;
    public uint address_hi;
    public uint data;
    public uint flags;
    public uint devid;
    public fixed byte pad[12];
}

/// <summary>The head of a list of <see cref="kvm_irq_routing_entry"/>s.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct kvm_irq_routing
{
    public uint nr;
    public uint flags;
}

/// <summary>A route to a message (KVM_IRQ_ROUTING_MSI).</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct kvm_irq_routing_entry
{
    public const uint Msi = 2;

    public uint gsi;
    public uint type;
    public uint flags;
    public uint pad;
    public uint address_lo;
    public uint address_hi;
    public uint data;
    public uint devid;
    public fixed uint rest[4];
}

/// <summary>The paravirtual clock of a machine. What follows the time is not asked for: older kernels want zeros there.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct kvm_clock_data
{
    public ulong clock;
    public uint flags;
    public uint pad0;
    public ulong realtime;
    public ulong host_tsc;
    public fixed uint pad[4];
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct kvm_lapic_state
{
    public fixed byte regs[0x400];
}

[StructLayout(LayoutKind.Sequential)]
internal struct kvm_mp_state
{
    public KvmActivity mp_state;
}

/// <summary>KVM_MP_STATE_*.</summary>
internal enum KvmActivity : uint
{
    Runnable = 0,
    Uninitialized = 1,
    InitReceived = 2,
    Halted = 3,
    SipiReceived = 4,
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct kvm_vcpu_events
{
    public const uint NmiPendingValid = 1;
    public const uint ShadowValid = 4;

    /// <summary>KVM_X86_SHADOW_INT_MOV_SS and _STI.</summary>
    public const byte ShadowMoveSs = 1;
    public const byte ShadowSti = 2;

    public byte exception_injected;
    public byte exception_nr;
    public byte exception_has_error_code;
    public byte exception_pending;
    public uint exception_error_code;
    public byte interrupt_injected;
    public byte interrupt_nr;
    public byte interrupt_soft;
    public byte interrupt_shadow;
    public byte nmi_injected;
    public byte nmi_pending;
    public byte nmi_masked;
    public byte nmi_pad;
    public uint sipi_vector;
    public uint flags;
    public byte smi_smm;
    public byte smi_pending;
    public byte smi_smm_inside_nmi;
    public byte smi_latched_init;
    public byte triple_fault_pending;
    public fixed byte reserved[26];
    public byte exception_has_payload;
    public ulong exception_payload;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct kvm_debugregs
{
    public fixed ulong db[4];
    public ulong dr6;
    public ulong dr7;
    public ulong flags;
    public fixed ulong reserved[9];
}

/// <summary>The standard-format XSAVE area (Intel SDM Vol. 1, section 13.4).</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct kvm_xsave
{
    public fixed byte region[4096];
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct kvm_xcrs
{
    public uint nr_xcrs;
    public uint flags;

    /// <summary>The first of sixteen; there is only XCR0.</summary>
    public uint xcr;
    public uint reserved;
    public ulong value;
    public fixed ulong rest[30 + 16];
}

[StructLayout(LayoutKind.Sequential)]
internal struct kvm_device_attr
{
    /// <summary>KVM_VCPU_TSC_CTRL, of a vCPU.</summary>
    public const uint TscControl = 0;

    /// <summary>KVM_VCPU_TSC_OFFSET: what is added to the host's counter, a <see cref="ulong"/>.</summary>
    public const ulong TscOffset = 0;

    public uint flags;
    public uint group;
    public ulong attr;
    public ulong addr;
}

/// <summary>What a vCPU shares with the kernel: why it stopped. The fields of other reasons lie in the same bytes.</summary>
[StructLayout(LayoutKind.Explicit)]
internal unsafe struct kvm_run
{
    [FieldOffset(0)] public byte request_interrupt_window;
    [FieldOffset(1)] public byte immediate_exit;
    [FieldOffset(8)] public uint exit_reason;
    [FieldOffset(12)] public byte ready_for_interrupt_injection;

    // KVM_EXIT_IO
    [FieldOffset(32)] public byte io_direction;
    [FieldOffset(33)] public byte io_size;
    [FieldOffset(34)] public ushort io_port;
    [FieldOffset(36)] public uint io_count;
    [FieldOffset(40)] public ulong io_data_offset;

    // KVM_EXIT_MMIO
    [FieldOffset(32)] public ulong mmio_phys_addr;
    [FieldOffset(40)] public fixed byte mmio_data[8];
    [FieldOffset(48)] public uint mmio_len;
    [FieldOffset(52)] public byte mmio_is_write;

    // KVM_EXIT_FAIL_ENTRY
    [FieldOffset(32)] public ulong fail_entry_hardware_entry_failure_reason;

    // KVM_EXIT_INTERNAL_ERROR
    [FieldOffset(32)] public uint internal_suberror;
    [FieldOffset(36)] public uint internal_ndata;
    [FieldOffset(40)] public fixed ulong internal_data[16];

    // KVM_EXIT_IOAPIC_EOI
    [FieldOffset(32)] public byte eoi_vector;
}
