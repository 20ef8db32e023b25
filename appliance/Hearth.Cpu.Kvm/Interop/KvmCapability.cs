namespace Hearth.Cpu.Kvm.Interop;

/// <summary>What KVM_CHECK_EXTENSION is asked for (KVM_CAP_*).</summary>
internal enum KvmCapability
{
    UserMemory = 3,
    SetTssAddress = 4,
    ExtendedCpuid = 7,
    MultiprocessorState = 14,
    SetIdentityMapAddress = 37,
    AdjustClock = 39,
    VcpuEvents = 41,
    DebugRegisters = 50,
    XsaveState = 55,
    ExtendedControlRegisters = 56,
    TscControl = 60,
    TscDeadlineTimer = 72,
    SignalMsi = 77,
    SplitIrqChip = 121,
    VcpuAttributes = 127,
    ImmediateExit = 136,
    ManualDirtyLogProtect = 168,
    EnforcePvFeatures = 190,
    SystemHyperVCpuid = 191,
    EnforceHyperVCpuid = 199,
}
