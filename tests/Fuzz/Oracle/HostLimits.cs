using Hearth.Cpu;
using Hearth.Fuzz.Forms;
using Hearth.Fuzz.State;
using Iced.Intel;

namespace Hearth.Fuzz.Oracle;

/// <summary>What this host in particular cannot be asked, and why. What no host can be asked is in <see cref="FormExclusions"/>.</summary>
internal static class HostLimits
{
    /// <summary>
    /// Features that a host of the engine need not have, by the names of <see cref="CpuFeature"/>, as far as a user's program
    /// can tell.
    /// </summary>
    private static readonly Dictionary<CpuidFeature, string> s_optional = new()
    {
        [CpuidFeature.ADX] = "adx",
        [CpuidFeature.CLFLUSHOPT] = "clflushopt",
        [CpuidFeature.INVPCID] = "invpcid",
        [CpuidFeature.RDPID] = "rdpid",
        [CpuidFeature.RDRAND] = "rdrand",
        [CpuidFeature.RDSEED] = "rdseed",
        [CpuidFeature.RDTSCP] = "rdtscp",
        [CpuidFeature.SHA] = "sha_ni",
    };

    private static readonly Dictionary<CpuidFeature, string> s_missing = s_optional.Where(pair => !HostHas(pair.Value)).ToDictionary();

    /// <summary>Why the host cannot run code of a mode at all, or null.</summary>
    public static string? ReasonFor(CodeMode mode) => HostTraits.Current.Runs(mode) ? null : mode switch
    {
        CodeMode.Protected16 => "this host runs no 16-bit code in segments of a local descriptor table",
        _ => "this host runs no 32-bit code: its kernel or hypervisor does not allow it",
    };

    /// <summary>Why a program with this instruction cannot be compared, or null.</summary>
    public static string? ReasonFor(in Instruction instruction)
    {
        foreach (CpuidFeature feature in instruction.CpuidFeatures)
        {
            if (s_missing.TryGetValue(feature, out string? name))
                return $"this host's processor has no {name}";
            if (feature == CpuidFeature.FSGSBASE && !HostTraits.Current.WritesSegmentBases)
                return "this host's processor or kernel has no fsgsbase";
        }

        if (instruction.Mnemonic == Mnemonic.Int && HostTraits.Current.OwnsInterrupt(instruction.Immediate8))
            return "this host's kernel or hypervisor uses the interrupt itself";
        return HostVendor.IsIntel && LeavesFlagsUndefined(instruction.Mnemonic)
            ? "the interpreter gives undefined flags the values of AMD's processors; the defined ones are tested with the data instructions"
            : null;
    }

    /// <summary>Why the state that a program with this instruction ended in cannot be compared, or null.</summary>
    public static string? ReasonFor(in Instruction instruction, ProcessorState after)
    {
        ArgumentNullException.ThrowIfNull(after);
        int loaded = HostTraits.Current.ShowsNullSegments ? -1 : LoadedSegment(instruction);
        bool isNull = loaded >= 0 && (after.Segments[loaded] & 0xFFFC) == 0;
        return isNull ? "this host does not show what a null selector leaves in a segment register" : ReasonForStack(after);
    }

    /// <summary>Why a program cannot start on this host, or null.</summary>
    public static string? ReasonFor(TestProgram program)
    {
        ArgumentNullException.ThrowIfNull(program);
        return ReasonFor(program.Mode) ?? ReasonForStack(program.State);
    }

    /// <summary>Hypervisors that enter and leave user mode by instructions of their own may need a canonical RSP for it.</summary>
    private static string? ReasonForStack(ProcessorState state)
    {
        long stackPointer = (long)state.Registers[4];
        bool canonical = stackPointer << 16 >> 16 == stackPointer;
        return canonical || HostTraits.Current.TakesAnyStackPointer ? null : "this host runs no code while RSP is not canonical";
    }

    /// <summary>The segment register that an instruction loads, in the encoding's order (ES, CS, SS, DS, FS, GS), or -1.</summary>
    private static int LoadedSegment(in Instruction instruction) => instruction.Mnemonic switch
    {
        Mnemonic.Lds => 3,
        Mnemonic.Les => 0,
        Mnemonic.Lfs => 4,
        Mnemonic.Lgs => 5,
        Mnemonic.Mov or Mnemonic.Pop when instruction.Op0Register.IsSegmentRegister() => instruction.Op0Register - Register.ES,
        _ => -1,
    };

    private static bool LeavesFlagsUndefined(Mnemonic mnemonic) =>
        mnemonic is Mnemonic.Aaa or Mnemonic.Aas or Mnemonic.Aam or Mnemonic.Aad or Mnemonic.Daa or Mnemonic.Das;

    private static bool HostHas(string name) =>
        CpuModel.X64Version3Of2021.Features.Single(feature => feature.Name == name).IsOn(HostProcessor.Cpuid);
}
