using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

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
    public const uint KVM_RUN = KVMIO | 0x80;

    public static readonly uint KVM_SET_USER_MEMORY_REGION = Write<kvm_userspace_memory_region>(0x46);
    public static readonly uint KVM_GET_REGS = Read<kvm_regs>(0x81);
    public static readonly uint KVM_SET_REGS = Write<kvm_regs>(0x82);
    public static readonly uint KVM_GET_SREGS = Read<kvm_sregs>(0x83);
    public static readonly uint KVM_SET_SREGS = Write<kvm_sregs>(0x84);

    private const uint KVMIO = 0xAE00;

    [LibraryImport("libc", SetLastError = true)]
    public static partial int ioctl(int fd, nuint request, nuint argument);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int ioctl(int fd, nuint request, void* argument);

    /// <summary>_IOW(KVMIO, number, T): the kernel reads the argument.</summary>
    private static uint Write<T>(uint number) => (1U << 30) | ((uint)Unsafe.SizeOf<T>() << 16) | KVMIO | number;

    /// <summary>_IOR(KVMIO, number, T): the kernel writes it.</summary>
    private static uint Read<T>(uint number) => (2U << 30) | ((uint)Unsafe.SizeOf<T>() << 16) | KVMIO | number;
}
