using System.Globalization;
using System.Text;
using Hearth.Cpu;
using Hearth.Machine;
using Hearth.Vm.Running;

namespace Hearth.Vm.Reports;

/// <summary>What a vCPU was doing when it ended: registers, the bytes at its instruction pointer, its last accesses to devices.</summary>
internal static class CrashReport
{
    private const int BytesBefore = 16;
    private const int BytesAfter = 16;
    private const int RegistersPerLine = 4;

    private static readonly string[] s_registers =
        ["rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"];

    /// <param name="processor">Stands still.</param>
    public static string Of(Processor processor, IGuestMemory memory)
    {
        CpuState state = processor.Vcpu.Save();
        var text = new StringBuilder();
        AppendRegisters(text, state);
        AppendSegments(text, state);
        AppendCode(text, state, memory);
        AppendAccesses(text, processor.Bus.Trace);
        return text.ToString();
    }

    private static void AppendRegisters(StringBuilder text, CpuState state)
    {
        (string Name, ulong Value)[] values =
        [
            .. s_registers.Zip(state.Registers),
            ("rip", state.Rip), ("rflags", state.Rflags), ("efer", state.Efer), ("xcr0", state.Xcr0),
            ("cr0", state.Cr0), ("cr2", state.Cr2), ("cr3", state.Cr3), ("cr4", state.Cr4),
        ];
        foreach ((string Name, ulong Value)[] row in values.Chunk(RegistersPerLine))
        {
            foreach ((string name, ulong value) in row)
                text.Append(CultureInfo.InvariantCulture, $"  {name,-6} {value:x16}");
            text.Append('\n');
        }
    }

    private static void AppendSegments(StringBuilder text, CpuState state)
    {
        foreach (SegmentName name in Enum.GetValues<SegmentName>())
        {
            SegmentRegister segment = state[name];
            text.Append(
                CultureInfo.InvariantCulture,
                $"  {name,-6} {segment.Selector:x4}  base {segment.Base:x16}  limit {segment.Limit:x8}  attributes {segment.Attributes:x4}\n");
        }

        text.Append(CultureInfo.InvariantCulture, $"  gdtr   base {state.Gdtr.Base:x16}  limit {state.Gdtr.Limit:x4}\n");
        text.Append(CultureInfo.InvariantCulture, $"  idtr   base {state.Idtr.Base:x16}  limit {state.Idtr.Limit:x4}\n");
    }

    private static void AppendCode(StringBuilder text, CpuState state, IGuestMemory memory)
    {
        var linear = new LinearMemory(state, memory);
        ulong at = state[SegmentName.CS].Base + state.Rip;
        text.Append("  code  ");
        for (int offset = -BytesBefore; offset < BytesAfter; offset++)
        {
            string value = linear.ReadByte(at + (ulong)offset)?.ToString("x2", CultureInfo.InvariantCulture) ?? "??";
            text.Append(offset == 0 ? $" <{value}>" : $" {value}");
        }

        text.Append('\n');
    }

    private static void AppendAccesses(StringBuilder text, AccessTrace trace)
    {
        text.Append("  last accesses to devices, the latest last:\n");
        foreach (TracedAccess access in trace.Entries)
        {
            string kind = access.Kind switch
            {
                AccessKind.PortRead => "in    ",
                AccessKind.PortWrite => "out   ",
                AccessKind.MemoryRead => "load  ",
                _ => "store ",
            };
            text.Append(CultureInfo.InvariantCulture, $"    {kind} {access.Address:x}  {(int)access.Width} bytes  {access.Value:x}\n");
        }
    }
}
