using System.Runtime.InteropServices;
using Hearth.Cpu.Kvm.Interop;
using Hearth.Linux;
using static Hearth.Cpu.Kvm.Interop.KvmApi;

namespace Hearth.Cpu.Kvm;

/// <summary>A virtual machine of KVM: memory and vCPUs. Disposed after its vCPUs.</summary>
internal sealed unsafe class KvmMachine : IDisposable
{
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
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public void SetMemory(int slot, ulong physical, byte* host, ulong length)
    {
        var region = new kvm_userspace_memory_region { slot = (uint)slot, guest_phys_addr = physical, memory_size = length, userspace_addr = (ulong)host };
        Require(ioctl(_file.Number, KVM_SET_USER_MEMORY_REGION, &region), "KVM cannot take the guest's memory");
    }

    /// <exception cref="LinuxException">The kernel refused.</exception>
    public KvmVcpuHandle CreateVcpu(int index)
    {
        int number = ioctl(_file.Number, KVM_CREATE_VCPU, (nuint)index);
        Require(number, $"KVM cannot create vCPU {index}");
        return new KvmVcpuHandle(new FileDescriptor(number), _runLength);
    }

    public void Dispose() => _file.Dispose();

    private static void Require(int result, string operation)
    {
        if (result < 0)
            throw new LinuxException(operation, Marshal.GetLastPInvokeError());
    }
}
