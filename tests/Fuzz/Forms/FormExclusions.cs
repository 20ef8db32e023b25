using Hearth.Fuzz.State;
using Iced.Intel;

namespace Hearth.Fuzz.Forms;

/// <summary>The forms that cannot be compared with the host from user mode, and why. Everything else is.</summary>
internal static class FormExclusions
{
    private static readonly Dictionary<Mnemonic, string> s_mnemonics = new()
    {
        [Mnemonic.Syscall] = "a system call; tested with the system instructions",
        [Mnemonic.Sysenter] = "a system call; tested with the system instructions",
        [Mnemonic.Sgdt] = "under UMIP Linux emulates it with values of its own; tested with the system instructions",
        [Mnemonic.Sidt] = "under UMIP Linux emulates it with values of its own; tested with the system instructions",
        [Mnemonic.Smsw] = "under UMIP Linux emulates it with values of its own; tested with the system instructions",
        [Mnemonic.Sldt] = "under UMIP Linux emulates it with values of its own; tested with the system instructions",
        [Mnemonic.Str] = "under UMIP Linux emulates it with values of its own; tested with the system instructions",
        [Mnemonic.Int1] = "hypervisors that intercept #DB inject it again at the wrong RIP; tested with the system instructions",
        [Mnemonic.Cpuid] = "answers for the model, not for the host; tested with the models",
        [Mnemonic.Rdpid] = "answers with the host's processor number; tested with the system instructions",
        [Mnemonic.Xgetbv] = "answers for the model, not for the host; tested with the models",
        [Mnemonic.Xsave] = "the format depends on XCR0 and on what the processor tracks as in use; tested with the state formats",
        [Mnemonic.Xsave64] = "the format depends on XCR0 and on what the processor tracks as in use; tested with the state formats",
        [Mnemonic.Xrstor] = "loads components the model does not have; tested with the state formats",
        [Mnemonic.Xrstor64] = "loads components the model does not have; tested with the state formats",
        [Mnemonic.Rdpmc] = "Linux decides per process whether it is allowed; tested with the system instructions",
    };

    private static readonly HashSet<Code> s_wideFarPointers =
        [Code.Call_m1664, Code.Jmp_m1664, Code.Lss_r64_m1664, Code.Lfs_r64_m1664, Code.Lgs_r64_m1664];

    private static readonly HashSet<Code> s_wideSelectorPushes =
        [Code.Pushd_ES, Code.Pushd_CS, Code.Pushd_SS, Code.Pushd_DS, Code.Pushd_FS, Code.Pushd_GS];

    /// <summary>Why a form is not compared, or null.</summary>
    public static string? ReasonFor(Form form) => ReasonFor(form.Code) ?? (HostVendor.IsIntel ? null : ReasonOfVendor(form));

    /// <summary>Whether a program that ends at such an instruction cannot be compared.</summary>
    public static bool IsExcluded(Mnemonic mnemonic) => s_mnemonics.ContainsKey(mnemonic);

    /// <summary>What differs between Intel's processors, which the models are, and AMD's.</summary>
    private static string? ReasonOfVendor(Form form)
    {
        Code code = form.Code;
        if (code.Mnemonic() is Mnemonic.Sysexit or Mnemonic.Sysexitq)
            return "AMD has it in legacy mode only; the models are Intel's";
        if (s_wideSelectorPushes.Contains(code))
            return "AMD clears the upper half of the slot, Intel leaves it; the models are Intel's";
        if (form.Mode != CodeMode.Long)
            return code == Code.Sysretd ? "Intel has it in 64-bit code only; the models are Intel's" : null;
        if (s_wideFarPointers.Contains(code))
            return "AMD has no far pointers with 64-bit offsets; the models are Intel's";
        bool nearBranch = code.FlowControl() is FlowControl.ConditionalBranch or FlowControl.UnconditionalBranch or FlowControl.IndirectBranch
            or FlowControl.Call or FlowControl.IndirectCall or FlowControl.Return;
        bool far = code.IsJmpFar() || code.IsCallFar() || code.IsJmpFarIndirect() || code.IsCallFarIndirect()
            || code.Mnemonic() is Mnemonic.Retf or Mnemonic.Iret or Mnemonic.Iretd or Mnemonic.Iretq;
        return nearBranch && !far && code.ToOpCode().OperandSize == 16
            ? "AMD obeys the operand-size prefix of near branches in 64-bit code, Intel ignores it; the models are Intel's"
            : null;
    }

    private static string? ReasonFor(Code code)
    {
        if (s_mnemonics.TryGetValue(code.Mnemonic(), out string? reason))
            return reason;
        OpCodeInfo info = code.ToOpCode();
        return info.IsReservedNop ? "a reserved NOP, of which vendors keep giving some a meaning" : null;
    }
}
