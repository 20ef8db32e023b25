using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Hearth.Cpu.Kvm.Interop;

namespace Hearth.Cpu.Kvm.Tests;

/// <summary>What goes to the kernel is as long as it says in linux/kvm.h. Needs no KVM.</summary>
public sealed class KvmStructureTests
{
    public static TheoryData<string, int, int> Structures => new()
    {
        { nameof(kvm_userspace_memory_region), 32, Unsafe.SizeOf<kvm_userspace_memory_region>() },
        { nameof(kvm_regs), 144, Unsafe.SizeOf<kvm_regs>() },
        { nameof(kvm_segment), 24, Unsafe.SizeOf<kvm_segment>() },
        { nameof(kvm_dtable), 16, Unsafe.SizeOf<kvm_dtable>() },
        { nameof(kvm_sregs), 312, Unsafe.SizeOf<kvm_sregs>() },
        { nameof(kvm_msr_entry), 16, Unsafe.SizeOf<kvm_msr_entry>() },
        { nameof(kvm_cpuid_entry2), 40, Unsafe.SizeOf<kvm_cpuid_entry2>() },
        { nameof(kvm_dirty_log), 16, Unsafe.SizeOf<kvm_dirty_log>() },
        { nameof(kvm_clear_dirty_log), 24, Unsafe.SizeOf<kvm_clear_dirty_log>() },
        { nameof(kvm_enable_cap), 104, Unsafe.SizeOf<kvm_enable_cap>() },
        { nameof(kvm_msi), 32, Unsafe.SizeOf<kvm_msi>() },
        { nameof(kvm_irq_routing_entry), 48, Unsafe.SizeOf<kvm_irq_routing_entry>() },
        { nameof(kvm_clock_data), 48, Unsafe.SizeOf<kvm_clock_data>() },
        { nameof(kvm_lapic_state), 1024, Unsafe.SizeOf<kvm_lapic_state>() },
        { nameof(kvm_mp_state), 4, Unsafe.SizeOf<kvm_mp_state>() },
        { nameof(kvm_vcpu_events), 64, Unsafe.SizeOf<kvm_vcpu_events>() },
        { nameof(kvm_debugregs), 128, Unsafe.SizeOf<kvm_debugregs>() },
        { nameof(kvm_xsave), 4096, Unsafe.SizeOf<kvm_xsave>() },
        { nameof(kvm_xcrs), 392, Unsafe.SizeOf<kvm_xcrs>() },
        { nameof(kvm_device_attr), 24, Unsafe.SizeOf<kvm_device_attr>() },
    };

    [Theory]
    [MemberData(nameof(Structures))]
    public void Structure_isAsLongAsTheKernels(string name, int expected, int length) => Assert.True(expected == length, $"{name} has {length} bytes, the kernel's {expected}");

    [Fact]
    public void Run_hasItsFieldsWhereTheKernelHasThem() =>
        Assert.Equal(
            (1, 8, 12, 40),
            (Offset(nameof(kvm_run.immediate_exit)), Offset(nameof(kvm_run.exit_reason)), Offset(nameof(kvm_run.ready_for_interrupt_injection)), Offset(nameof(kvm_run.io_data_offset))));

    private static int Offset(string field) => (int)Marshal.OffsetOf<kvm_run>(field);
}
