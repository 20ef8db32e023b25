using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Hearth.Linux;

namespace Hearth.Cpu.Kvm.Interop;

/// <summary>The ioctls of /dev/kvm, by the kernel's names (Linux, Documentation/virt/kvm/api.rst; include/uapi/linux/kvm.h).</summary>
internal static unsafe partial class KvmApi
{
    /// <summary>The only version there is; everything since is found by KVM_CHECK_EXTENSION.</summary>
    public const int KVM_API_VERSION = 12;

    public const uint KVM_GET_API_VERSION = KVMIO | 0x00;
    public const uint KVM_CREATE_VM = KVMIO | 0x01;
    public const uint KVM_CHECK_EXTENSION = KVMIO | 0x03;
    public const uint KVM_GET_VCPU_MMAP_SIZE = KVMIO | 0x04;
    public const uint KVM_CREATE_VCPU = KVMIO | 0x41;
    public const uint KVM_SET_TSS_ADDR = KVMIO | 0x47;
    public const uint KVM_RUN = KVMIO | 0x80;
    public const uint KVM_SET_TSC_KHZ = KVMIO | 0xA2;
    public const uint KVM_GET_TSC_KHZ = KVMIO | 0xA3;
    public const uint KVM_KVMCLOCK_CTRL = KVMIO | 0xAD;

    public static readonly uint KVM_GET_MSR_INDEX_LIST = ReadWrite<kvm_msr_list>(0x02);
    public static readonly uint KVM_GET_SUPPORTED_CPUID = ReadWrite<kvm_cpuid2>(0x05);
    public static readonly uint KVM_GET_DIRTY_LOG = Write<kvm_dirty_log>(0x42);
    public static readonly uint KVM_SET_USER_MEMORY_REGION = Write<kvm_userspace_memory_region>(0x46);
    public static readonly uint KVM_SET_IDENTITY_MAP_ADDR = Write<ulong>(0x48);
    public static readonly uint KVM_SET_GSI_ROUTING = Write<kvm_irq_routing>(0x6A);
    public static readonly uint KVM_SET_CLOCK = Write<kvm_clock_data>(0x7B);
    public static readonly uint KVM_GET_CLOCK = Read<kvm_clock_data>(0x7C);
    public static readonly uint KVM_GET_REGS = Read<kvm_regs>(0x81);
    public static readonly uint KVM_SET_REGS = Write<kvm_regs>(0x82);
    public static readonly uint KVM_GET_SREGS = Read<kvm_sregs>(0x83);
    public static readonly uint KVM_SET_SREGS = Write<kvm_sregs>(0x84);
    public static readonly uint KVM_GET_MSRS = ReadWrite<kvm_msrs>(0x88);
    public static readonly uint KVM_SET_MSRS = Write<kvm_msrs>(0x89);
    public static readonly uint KVM_GET_LAPIC = Read<kvm_lapic_state>(0x8E);
    public static readonly uint KVM_SET_LAPIC = Write<kvm_lapic_state>(0x8F);
    public static readonly uint KVM_SET_CPUID2 = Write<kvm_cpuid2>(0x90);
    public static readonly uint KVM_GET_MP_STATE = Read<kvm_mp_state>(0x98);
    public static readonly uint KVM_SET_MP_STATE = Write<kvm_mp_state>(0x99);
    public static readonly uint KVM_GET_VCPU_EVENTS = Read<kvm_vcpu_events>(0x9F);
    public static readonly uint KVM_SET_VCPU_EVENTS = Write<kvm_vcpu_events>(0xA0);
    public static readonly uint KVM_GET_DEBUGREGS = Read<kvm_debugregs>(0xA1);
    public static readonly uint KVM_SET_DEBUGREGS = Write<kvm_debugregs>(0xA2);
    public static readonly uint KVM_ENABLE_CAP = Write<kvm_enable_cap>(0xA3);
    public static readonly uint KVM_GET_XSAVE = Read<kvm_xsave>(0xA4);
    public static readonly uint KVM_SET_XSAVE = Write<kvm_xsave>(0xA5);
    public static readonly uint KVM_SIGNAL_MSI = Write<kvm_msi>(0xA5);
    public static readonly uint KVM_GET_XCRS = Read<kvm_xcrs>(0xA6);
    public static readonly uint KVM_SET_XCRS = Write<kvm_xcrs>(0xA7);
    public static readonly uint KVM_CLEAR_DIRTY_LOG = ReadWrite<kvm_clear_dirty_log>(0xC0);
    public static readonly uint KVM_GET_SUPPORTED_HV_CPUID = ReadWrite<kvm_cpuid2>(0xC1);
    public static readonly uint KVM_SET_DEVICE_ATTR = Write<kvm_device_attr>(0xE1);
    public static readonly uint KVM_GET_DEVICE_ATTR = Write<kvm_device_attr>(0xE2);

    private const uint KVMIO = 0xAE00;

    [LibraryImport("libc", SetLastError = true)]
    public static partial int ioctl(int fd, nuint request, nuint argument);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int ioctl(int fd, nuint request, void* argument);

    /// <summary>
    /// <c>ioctl</c> for KVM_RUN: errno is left where it is (<see cref="Marshal.GetLastSystemError"/>). To clear it before and to keep it after
    /// every exit is three calls more.
    /// </summary>
    [LibraryImport("libc", EntryPoint = "ioctl")]
    public static partial int ioctl_run(int fd, nuint request, nuint argument);

    /// <param name="result">That of the last <c>ioctl</c> of this thread.</param>
    /// <param name="operation">What failed where it is negative.</param>
    /// <exception cref="LinuxException">It is negative.</exception>
    public static void Require(int result, string operation)
    {
        if (result < 0)
            throw new LinuxException(operation, Marshal.GetLastPInvokeError());
    }

    /// <summary>_IOW(KVMIO, number, T): the kernel reads the argument.</summary>
    private static uint Write<T>(uint number) => (1U << 30) | ((uint)Unsafe.SizeOf<T>() << 16) | KVMIO | number;

    /// <summary>_IOR(KVMIO, number, T): the kernel writes it.</summary>
    private static uint Read<T>(uint number) => (2U << 30) | ((uint)Unsafe.SizeOf<T>() << 16) | KVMIO | number;

    /// <summary>_IOWR(KVMIO, number, T): it does both.</summary>
    private static uint ReadWrite<T>(uint number) => (3U << 30) | ((uint)Unsafe.SizeOf<T>() << 16) | KVMIO | number;
}
