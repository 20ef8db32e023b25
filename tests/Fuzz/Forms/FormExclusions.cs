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
        [Mnemonic.Cpuid] = "answers for the model, not for the host; tested with the models",
        [Mnemonic.Rdpid] = "answers with the host's processor number; tested with the system instructions",
        [Mnemonic.Xgetbv] = "answers for the model, not for the host; tested with the models",
        [Mnemonic.Xsave] = "the format depends on XCR0 and on what the processor tracks as in use; tested with the state formats",
        [Mnemonic.Xsave64] = "the format depends on XCR0 and on what the processor tracks as in use; tested with the state formats",
        [Mnemonic.Xrstor] = "loads components the model does not have; tested with the state formats",
        [Mnemonic.Xrstor64] = "loads components the model does not have; tested with the state formats",
        [Mnemonic.Rdpmc] = "Linux decides per process whether it is allowed; tested with the system instructions",
    };

    public static string? ReasonFor(Code code)
    {
        if (s_mnemonics.TryGetValue(code.Mnemonic(), out string? reason))
            return reason;
        OpCodeInfo info = code.ToOpCode();
        return info.IsReservedNop ? "a reserved NOP, of which vendors keep giving some a meaning" : null;
    }
}
