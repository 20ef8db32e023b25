using System.Globalization;
using System.Text;
using Hearth.Fuzz.Sequences;
using Hearth.Fuzz.State;
using Iced.Intel;

namespace Hearth.Fuzz.Runs;

/// <summary>Programs as a reader of a failure wants them.</summary>
internal static class ProgramText
{
    private const int MaxLines = 60;

    private static readonly string[] s_registers =
        ["rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"];

    /// <summary>Bytes, disassembly and the initial registers.</summary>
    public static string Describe(TestProgram program)
    {
        ArgumentNullException.ThrowIfNull(program);
        var text = new StringBuilder();
        AppendCode(text, program);
        ProcessorState state = program.State;
        int count = program.Mode == CodeMode.Long ? 16 : 8;
        text.Append("      ");
        for (int i = 0; i < count; i++)
            text.Append(CultureInfo.InvariantCulture, $"{s_registers[i]}={state.Registers[i]:x} ");
        text.AppendLine();
        text.Append(CultureInfo.InvariantCulture, $"      rflags={state.Rflags:x} mxcsr={state.Mxcsr:x} fcw={state.X87Control:x} fsw={state.X87Status:x} ");
        text.AppendLine(CultureInfo.InvariantCulture, $"ftw={state.X87Tags:x} fs={state.FsBase:x} gs={state.GsBase:x}");
        return text.ToString();
    }

    /// <summary>The instructions' names, by which failures are grouped.</summary>
    public static string Mnemonics(ProgramDraft draft)
    {
        ArgumentNullException.ThrowIfNull(draft);
        return $"{draft.Program.Mode} " + string.Join(' ', draft.Items.Take(6).Select(item => item.Instruction.Code.ToString()));
    }

    private static void AppendCode(StringBuilder text, TestProgram program)
    {
        int bitness = program.Mode switch { CodeMode.Long => 64, CodeMode.Protected32 => 32, _ => 16 };
        byte[] code = program.Code.ToArray();
        var decoder = Iced.Intel.Decoder.Create(bitness, code, program.State.Rip);
        for (int line = 0; line < MaxLines && decoder.IP < program.State.Rip + (ulong)code.Length; line++)
        {
            int start = (int)(decoder.IP - program.State.Rip);
            Instruction instruction = decoder.Decode();
            string bytes = Convert.ToHexString(code, start, instruction.Length);
            text.AppendLine(CultureInfo.InvariantCulture, $"      {instruction.IP:x}: {bytes,-30} {instruction}");
        }
    }
}
