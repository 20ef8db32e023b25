using System.Runtime.InteropServices;
using Hearth.Cpu.Kvm.Interop;
using Hearth.Linux;
using static Hearth.Cpu.Kvm.Interop.KvmApi;

namespace Hearth.Cpu.Kvm;

/// <summary>/dev/kvm, opened: what this host's KVM can do, and the machines it makes.</summary>
public sealed unsafe class KvmDevice : IDisposable
{
    // SAFETY: what an ioctl is given is pinned, says itself how long it is, and is not kept by the kernel.
    public const string DefaultPath = "/dev/kvm";

    private static readonly KvmCapability[] s_required =
    [
        KvmCapability.UserMemory, KvmCapability.SetTssAddress, KvmCapability.ExtendedCpuid, KvmCapability.MultiprocessorState,
        KvmCapability.SetIdentityMapAddress, KvmCapability.AdjustClock, KvmCapability.VcpuEvents, KvmCapability.DebugRegisters, KvmCapability.XsaveState,
        KvmCapability.ExtendedControlRegisters, KvmCapability.SignalMsi, KvmCapability.TscDeadlineTimer, KvmCapability.SplitIrqChip,
        KvmCapability.VcpuAttributes, KvmCapability.ImmediateExit, KvmCapability.ManualDirtyLogProtect,
    ];

    private readonly FileDescriptor _file;
    private KvmCpuid? _supported;
    private KvmCpuid? _supportedHyperV;

    private KvmDevice(FileDescriptor file) => _file = file;

    /// <exception cref="LinuxException">It is not there, or this user may not open it.</exception>
    /// <exception cref="KvmException">It is not KVM, or one that is too old.</exception>
    public static KvmDevice Open(string path = DefaultPath) => Use(FileDescriptor.Open(path, FileAccessMode.ReadWrite), path);

    /// <param name="file">The open device; owned.</param>
    /// <param name="name">How messages call it.</param>
    /// <exception cref="KvmException">It is not KVM, or one that is too old.</exception>
    public static KvmDevice Use(FileDescriptor file, string name = DefaultPath)
    {
        var device = new KvmDevice(file);
        try
        {
            device.CheckVersion(name);
            return device;
        }
        catch
        {
            device.Dispose();
            throw;
        }
    }

    /// <summary>Runs guest code to see whether KVM is of use here; takes at most 50 ms, and up to four times as long where the host has other work.</summary>
    public KvmFinding Probe() => KvmProbe.Run(this);

    /// <summary>The features of a CPU model that a guest cannot be given here, by name, and those of its paravirtual interface.</summary>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public IReadOnlyList<string> Missing(CpuModel model, ParavirtualInterface paravirtual = ParavirtualInterface.Kvm)
    {
        ArgumentNullException.ThrowIfNull(model);
        KvmCpuid supported = GetSupportedCpuid();
        KvmCpuid offered = paravirtual == ParavirtualInterface.HyperV ? GetSupportedHyperV() : supported;
        IEnumerable<CpuFeature> lacking = CpuFeatures.Of(paravirtual).Where(feature => !feature.IsPromise && !feature.IsOn(offered.Lookup));
        return [.. model.MissingOn(supported.Lookup), .. lacking.Select(feature => feature.Name)];
    }

    /// <summary>Why a guest cannot have a CPU model and a paravirtual interface here, a sentence without a full stop; null where it can.</summary>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public string? Refuse(CpuModel model, ParavirtualInterface paravirtual = ParavirtualInterface.Kvm)
    {
        IReadOnlyList<string> missing = Missing(model, paravirtual);
        string with = paravirtual == ParavirtualInterface.HyperV ? " with Hyper-V's interface" : "";
        return missing.Count == 0 ? null : $"this host's KVM cannot give a guest the CPU model {model.Name}{with}: it lacks {string.Join(", ", missing)}";
    }

    /// <summary>
    /// Why a guest's time-stamp counter cannot count at a pace here, a sentence without a full stop; null where it can. Without scaling KVM takes the host's own
    /// pace, and one that is faster, which it keeps up by jumps.
    /// </summary>
    /// <param name="frequency">Ticks a second.</param>
    /// <param name="host">Those of the host's counter; see <see cref="KvmFinding"/>.</param>
    public string? RefuseFrequency(ulong frequency, ulong host)
    {
        // So far off the host's own it still counts as the same (tsc_tolerance_ppm, a parameter of the kvm module).
        const ulong Tolerance = 250;
        return frequency >= host - (host / 1_000_000 * Tolerance) || Check(KvmCapability.TscControl) != 0
            ? null
            : $"this host's processor cannot let a guest's time-stamp counter run at {frequency / 1e6:F0} MHz: it scales none, and its own runs at {host / 1e6:F0} MHz";
    }

    /// <summary>Asks for a capability.</summary>
    /// <returns>0 without it; with it 1, or a number that depends on which it is.</returns>
    internal int Check(KvmCapability capability) => Math.Max(ioctl(_file.Number, KVM_CHECK_EXTENSION, (nuint)capability), 0);

    /// <exception cref="LinuxException">The kernel refused.</exception>
    internal KvmMachine CreateMachine()
    {
        // The kernel takes every lock of this process's memory for it, and gives up when a signal comes meanwhile.
        const int EINTR = 4;
        const int MostAttempts = 100;
        int length = ioctl(_file.Number, KVM_GET_VCPU_MMAP_SIZE, (nuint)0);
        for (int attempt = 1; length >= 0; attempt++)
        {
            int number = ioctl(_file.Number, KVM_CREATE_VM, (nuint)0);
            if (number >= 0)
                return new KvmMachine(new FileDescriptor(number), length);
            if (Marshal.GetLastPInvokeError() != EINTR || attempt == MostAttempts)
                break;
        }

        throw new LinuxException("KVM cannot create a machine", Marshal.GetLastPInvokeError());
    }

    /// <summary>What CPUID can say to a guest here (KVM_GET_SUPPORTED_CPUID).</summary>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    internal KvmCpuid GetSupportedCpuid() => _supported ??= ReadSupportedCpuid(KVM_GET_SUPPORTED_CPUID);

    /// <summary>What of Hyper-V's interface there can be (KVM_GET_SUPPORTED_HV_CPUID); nothing where the kernel was built without it.</summary>
    private KvmCpuid GetSupportedHyperV() =>
        _supportedHyperV ??= Check(KvmCapability.SystemHyperVCpuid) == 0 ? new KvmCpuid([]) : ReadSupportedCpuid(KVM_GET_SUPPORTED_HV_CPUID);

    private KvmCpuid ReadSupportedCpuid(uint request)
    {
        var list = new KvmList<kvm_cpuid2, kvm_cpuid_entry2>(KvmCpuid.MaximumEntries);
        list.Head.nent = KvmCpuid.MaximumEntries;
        fixed (byte* argument = list.Bytes)
            Require(ioctl(_file.Number, request, argument), "KVM does not tell what CPUID it supports");
        return new KvmCpuid(list.Items[..(int)list.Head.nent]);
    }

    /// <summary>The model-specific registers that KVM saves and restores (KVM_GET_MSR_INDEX_LIST).</summary>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    internal uint[] GetMsrIndices()
    {
        const int Most = 1024;
        var list = new KvmList<kvm_msr_list, uint>(Most);
        list.Head.nmsrs = Most;
        fixed (byte* argument = list.Bytes)
            Require(ioctl(_file.Number, KVM_GET_MSR_INDEX_LIST, argument), "KVM does not name its model-specific registers");
        return list.Items[..(int)list.Head.nmsrs].ToArray();
    }

    /// <summary>A register that says what the host's processor can do (KVM_GET_MSRS of the device); 0 where KVM knows it not.</summary>
    internal ulong GetFeatureMsr(uint index)
    {
        var list = new KvmList<kvm_msrs, kvm_msr_entry>(1);
        list.Head.nmsrs = 1;
        list.Items[0].index = index;
        fixed (byte* argument = list.Bytes)
            return ioctl(_file.Number, KVM_GET_MSRS, argument) == 1 ? list.Items[0].data : 0;
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
