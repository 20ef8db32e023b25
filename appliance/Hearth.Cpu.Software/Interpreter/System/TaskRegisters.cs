using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Hearth.Cpu.Software;

/// <summary>The registers as a TSS holds them; a 16-bit TSS has neither CR3 nor FS and GS.</summary>
internal struct TaskRegisters
{
    public ulong Cr3;
    public ulong Ip;
    public ulong Flags;

    /// <summary>EAX, ECX, EDX, EBX, ESP, EBP, ESI, EDI.</summary>
    public Eight General;

    /// <summary>ES, CS, SS, DS, FS, GS.</summary>
    public Eight Selectors;
    public ushort Ldt;

    /// <summary>Bit 0 is T: #DB when the task is entered.</summary>
    public ushort TrapWord;

    [InlineArray(8)]
    [SuppressMessage("Design", "CA1034", Justification = "An inline array belongs to the struct it lies in.")]
    public struct Eight
    {
        private ulong _first;
    }
}
