using Hearth.Memory;

namespace Hearth.Cpu.Software.Tests.Runtime;

/// <summary>What an exception pushed in 64-bit mode (Intel SDM Vol. 3, figure 6-9).</summary>
internal readonly unsafe struct ExceptionFrame
{
    public ExceptionFrame(GuestRam ram, ulong stack, bool hasError)
    {
        ulong* words = (ulong*)ram.HostAddress(stack);
        Error = hasError ? (uint)*words++ : 0;
        Rip = words[0];
        Rflags = words[2];
        Rsp = words[3];
    }

    public uint Error { get; }

    public ulong Rip { get; }

    public ulong Rflags { get; }

    public ulong Rsp { get; }
}
