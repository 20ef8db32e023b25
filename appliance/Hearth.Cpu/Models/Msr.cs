namespace Hearth.Cpu;

/// <summary>
/// The model-specific registers that the models have (Intel SDM Vol. 4, table 2-2), and the paravirtual ones: KVM's (Linux,
/// Documentation/virt/kvm/x86/msr.rst) and Hyper-V's (Hypervisor Top-Level Functional Specification, appendix on synthetic MSRs).
/// </summary>
public static class Msr
{
    public const uint Tsc = 0x10;
    public const uint KvmWallClockOld = 0x11;
    public const uint KvmSystemTimeOld = 0x12;
    public const uint PlatformId = 0x17;
    public const uint ApicBase = 0x1B;
    public const uint EblCrPowerOn = 0x2A;
    public const uint FeatureControl = 0x3A;
    public const uint TscAdjust = 0x3B;
    public const uint SpecCtrl = 0x48;
    public const uint PredCmd = 0x49;
    public const uint BiosUpdateTrigger = 0x79;
    public const uint BiosSignature = 0x8B;
    public const uint PlatformInfo = 0xCE;
    public const uint MtrrCap = 0xFE;
    public const uint ArchCapabilities = 0x10A;
    public const uint SysenterCs = 0x174;
    public const uint SysenterEsp = 0x175;
    public const uint SysenterEip = 0x176;
    public const uint McgCap = 0x179;
    public const uint McgStatus = 0x17A;
    public const uint MiscEnable = 0x1A0;
    public const uint DebugCtl = 0x1D9;
    public const uint MtrrPhysBase0 = 0x200;
    public const uint MtrrFix64K = 0x250;
    public const uint MtrrFix16KLow = 0x258;
    public const uint MtrrFix16KHigh = 0x259;
    public const uint MtrrFix4KFirst = 0x268;
    public const uint MtrrFix4KLast = 0x26F;
    public const uint Pat = 0x277;
    public const uint MtrrDefType = 0x2FF;
    public const uint TscDeadline = 0x6E0;
    public const uint X2ApicFirst = 0x800;
    public const uint X2ApicLast = 0x8FF;
    public const uint HyperVGuestOsId = 0x4000_0000;
    public const uint HyperVHypercall = 0x4000_0001;
    public const uint HyperVProcessorIndex = 0x4000_0002;
    public const uint HyperVReferenceTime = 0x4000_0020;
    public const uint HyperVReferenceTsc = 0x4000_0021;
    public const uint HyperVTscFrequency = 0x4000_0022;
    public const uint HyperVApicFrequency = 0x4000_0023;
    public const uint HyperVEndOfInterrupt = 0x4000_0070;
    public const uint HyperVInterruptCommand = 0x4000_0071;
    public const uint HyperVTaskPriority = 0x4000_0072;
    public const uint HyperVAssistPage = 0x4000_0073;
    public const uint KvmWallClock = 0x4B56_4D00;
    public const uint KvmSystemTime = 0x4B56_4D01;
    public const uint KvmEndOfInterrupt = 0x4B56_4D04;
    public const uint Efer = 0xC000_0080;
    public const uint Star = 0xC000_0081;
    public const uint Lstar = 0xC000_0082;
    public const uint Cstar = 0xC000_0083;
    public const uint SyscallMask = 0xC000_0084;
    public const uint FsBase = 0xC000_0100;
    public const uint GsBase = 0xC000_0101;
    public const uint KernelGsBase = 0xC000_0102;
    public const uint TscAux = 0xC000_0103;

    /// <summary>MTRRs of variable ranges: 8 pairs of base and mask from <see cref="MtrrPhysBase0"/>.</summary>
    public const int VariableRanges = 8;

    private static readonly SortedDictionary<uint, ulong>[] s_resetValues =
        [.. Enum.GetValues<ParavirtualInterface>().Select(paravirtual => new SortedDictionary<uint, ulong>(Resets(paravirtual).ToDictionary()))];

    /// <summary>
    /// The registers of <see cref="CpuState.Msrs"/> that every model has under an interface, with their values after RESET. IA32_MISC_ENABLE: fast
    /// strings, no branch trace store, no precise event sampling.
    /// </summary>
    public static IReadOnlyDictionary<uint, ulong> ResetValues(ParavirtualInterface paravirtual) => s_resetValues[(int)paravirtual];

    /// <summary>Those of them that belong to the interface; zero after RESET.</summary>
    /// <remarks>
    /// <see cref="KvmSystemTimeOld"/> is another name of <see cref="KvmSystemTime"/>. <see cref="KvmWallClock"/> is none of them: what it was told
    /// is done when WRMSR ends, and to tell it again would write to memory that the guest may have put to another use since. What Hyper-V's others show
    /// follows from the rest of the state. <see cref="HyperVGuestOsId"/>, <see cref="HyperVHypercall"/> and <see cref="HyperVReferenceTsc"/> are
    /// the machine's: those in the state of vCPU 0 count.
    /// </remarks>
    public static IReadOnlyList<uint> OfInterface(ParavirtualInterface paravirtual) => paravirtual switch
    {
        ParavirtualInterface.Kvm => [KvmSystemTime, KvmEndOfInterrupt],
        ParavirtualInterface.HyperV => [HyperVGuestOsId, HyperVHypercall, HyperVReferenceTsc, HyperVAssistPage],
        _ => [],
    };

    private static IEnumerable<KeyValuePair<uint, ulong>> Resets(ParavirtualInterface paravirtual)
    {
        yield return new(Pat, 0x0007_0406_0007_0406);
        yield return new(MiscEnable, 1 | (1 << 11) | (1 << 12));
        uint[] zero =
        [
            SysenterCs, SysenterEsp, SysenterEip, Star, Lstar, Cstar, SyscallMask, KernelGsBase, TscAux, TscAdjust,
            MtrrFix64K, MtrrFix16KLow, MtrrFix16KHigh, MtrrDefType, SpecCtrl, McgStatus, EblCrPowerOn, DebugCtl,
            .. OfInterface(paravirtual),
        ];
        IEnumerable<uint> ranges = Enumerable.Range((int)MtrrPhysBase0, 2 * VariableRanges).Concat(Enumerable.Range((int)MtrrFix4KFirst, 8)).Select(index => (uint)index);
        foreach (uint index in zero.Concat(ranges))
            yield return new(index, 0);
    }
}
