using System.Runtime.InteropServices;

namespace Hearth.Cpu.Kvm.Interop;

[StructLayout(LayoutKind.Sequential)]
internal struct kvm_userspace_memory_region
{
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

/// <summary>What a vCPU shares with the kernel: why it stopped. The fields of other reasons lie in the same bytes.</summary>
[StructLayout(LayoutKind.Explicit)]
internal unsafe struct kvm_run
{
    [FieldOffset(0)] public byte request_interrupt_window;
    [FieldOffset(1)] public byte immediate_exit;
    [FieldOffset(8)] public uint exit_reason;
    [FieldOffset(12)] public byte ready_for_interrupt_injection;
    [FieldOffset(13)] public byte if_flag;
    [FieldOffset(14)] public ushort flags;
    [FieldOffset(16)] public ulong cr8;
    [FieldOffset(24)] public ulong apic_base;

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

    // KVM_EXIT_SYSTEM_EVENT
    [FieldOffset(32)] public uint system_event_type;
}
