using System.Runtime.InteropServices;

namespace Hearth.Fuzz.Interop;

/// <summary>The kernel's <c>struct ptrace_rseq_configuration</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct RseqConfiguration
{
    public ulong Address;
    public uint Size;
    public uint Signature;
    public uint Flags;
    public uint Padding;
}
