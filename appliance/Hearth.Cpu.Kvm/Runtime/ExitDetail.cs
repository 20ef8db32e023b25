using Hearth.Cpu.Kvm.Interop;

namespace Hearth.Cpu.Kvm;

/// <summary>Says in words why a vCPU cannot go on.</summary>
internal static unsafe class ExitDetail
{
    private const uint EmulationFailed = 1;

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
            KvmExit.InternalError => new VcpuExit(VcpuExitReason.HostFault, $"KVM failed with error {run->internal_suberror} at 0x{rip:x}"),
            _ => new VcpuExit(VcpuExitReason.HostFault, $"KVM stops at 0x{rip:x} for a reason that was not asked for: {exit}"),
        };
    }
}
