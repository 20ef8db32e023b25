using System.Globalization;
using Hearth.Cpu.Kvm.Interop;

namespace Hearth.Cpu.Kvm;

/// <summary>Says in words why a vCPU cannot go on.</summary>
internal static unsafe class ExitDetail
{
    private const uint EmulationFailed = 1;
    private const uint MostData = 16;

    public static VcpuExit Describe(KvmExit exit, KvmVcpuHandle vcpu)
    {
        kvm_run* run = vcpu.Shared;
        ulong rip = vcpu.GetRegisters().rip;
        return exit switch
        {
            KvmExit.FailEntry => new VcpuExit(
                VcpuExitReason.HostFault, $"the processor refuses the guest's state (reason 0x{run->fail_entry_hardware_entry_failure_reason:x}) at 0x{rip:x}"),
            KvmExit.InternalError when run->internal_suberror == EmulationFailed => new VcpuExit(
                VcpuExitReason.Unsupported, $"KVM cannot emulate the instruction at 0x{rip:x}"),
            KvmExit.InternalError => new VcpuExit(VcpuExitReason.HostFault, $"KVM failed with error {run->internal_suberror} at 0x{rip:x}{Data(run)}"),
            _ => new VcpuExit(VcpuExitReason.HostFault, $"KVM stops at 0x{rip:x} for a reason that was not asked for: {exit}"),
        };
    }

    /// <summary>What the kernel tells of an internal error, for those who read its source.</summary>
    private static string Data(kvm_run* run)
    {
        // SAFETY: internal_data has 16 words.
        var words = new ReadOnlySpan<ulong>(run->internal_data, (int)Math.Min(run->internal_ndata, MostData));
        return words.IsEmpty ? "" : $" ({string.Join(' ', words.ToArray().Select(word => word.ToString("x", CultureInfo.InvariantCulture)))})";
    }
}
