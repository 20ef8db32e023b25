using System.Runtime.InteropServices;
using Hearth.Cpu.Kvm.Interop;
using Hearth.Linux;
using static Hearth.Cpu.Kvm.Interop.KvmApi;

namespace Hearth.Cpu.Kvm;

/// <summary>A vCPU of KVM as the kernel has it. Belongs to one thread at a time.</summary>
internal sealed unsafe class KvmVcpuHandle : IDisposable
{
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
        if (ioctl(_file.Number, KVM_RUN, (nuint)0) >= 0)
            return (KvmExit)Shared->exit_reason;
        int errno = Marshal.GetLastPInvokeError();
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
}
