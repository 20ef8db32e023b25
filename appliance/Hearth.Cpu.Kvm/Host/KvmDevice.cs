using System.Runtime.InteropServices;
using Hearth.Cpu.Kvm.Interop;
using Hearth.Linux;
using static Hearth.Cpu.Kvm.Interop.KvmApi;

namespace Hearth.Cpu.Kvm;

/// <summary>/dev/kvm, opened: what this host's KVM can do, and the machines it makes.</summary>
internal sealed unsafe class KvmDevice : IDisposable
{
    public const string DefaultPath = "/dev/kvm";

    private static readonly KvmCapability[] s_required =
    [
        KvmCapability.UserMemory, KvmCapability.SetTssAddress, KvmCapability.ExtendedCpuid, KvmCapability.MultiprocessorState, KvmCapability.IrqFd,
        KvmCapability.IoEventFd, KvmCapability.SetIdentityMapAddress, KvmCapability.VcpuEvents, KvmCapability.DebugRegisters, KvmCapability.XsaveState,
        KvmCapability.ExtendedControlRegisters, KvmCapability.SignalMsi, KvmCapability.TscDeadlineTimer, KvmCapability.SplitIrqChip, KvmCapability.ImmediateExit,
    ];

    private readonly FileDescriptor _file;

    private KvmDevice(FileDescriptor file) => _file = file;

    /// <exception cref="LinuxException">It is not there, or this user may not open it.</exception>
    /// <exception cref="KvmException">It is not KVM, or one that is too old.</exception>
    public static KvmDevice Open(string path = DefaultPath)
    {
        var device = new KvmDevice(FileDescriptor.Open(path, FileAccessMode.ReadWrite));
        try
        {
            device.CheckVersion(path);
            return device;
        }
        catch
        {
            device.Dispose();
            throw;
        }
    }

    /// <summary>Asks for a capability.</summary>
    /// <returns>0 without it; with it 1, or a number that depends on which it is.</returns>
    public int Check(KvmCapability capability) => Math.Max(ioctl(_file.Number, KVM_CHECK_EXTENSION, (nuint)capability), 0);

    /// <exception cref="LinuxException">The kernel refused.</exception>
    public KvmMachine CreateMachine()
    {
        int length = ioctl(_file.Number, KVM_GET_VCPU_MMAP_SIZE, (nuint)0);
        int number = length < 0 ? length : ioctl(_file.Number, KVM_CREATE_VM, (nuint)0);
        return number >= 0 ? new KvmMachine(new FileDescriptor(number), length) : throw new LinuxException("KVM cannot create a machine", Marshal.GetLastPInvokeError());
    }

    public void Dispose() => _file.Dispose();

    private void CheckVersion(string path)
    {
        int version = ioctl(_file.Number, KVM_GET_API_VERSION, (nuint)0);
        if (version < 0)
            throw new KvmException($"{path} is not KVM");
        if (version != KVM_API_VERSION)
            throw new KvmException($"{path} has version {version} of the KVM interface; Hearth needs version {KVM_API_VERSION}");
        string[] missing = [.. s_required.Where(capability => Check(capability) == 0).Select(capability => capability.ToString())];
        if (missing.Length != 0)
            throw new KvmException($"this kernel's KVM is too old: it lacks {string.Join(", ", missing)}");
    }
}
