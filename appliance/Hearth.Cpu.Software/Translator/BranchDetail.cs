namespace Hearth.Cpu.Software;

/// <summary>What C# needs to complete a branch, or to fault at it: 32 bits in <see cref="VcpuState.ExitDetail"/>.</summary>
/// <remarks>Bits 0–12 the instruction's offset in its page, 13–30 the bytes it takes off the stack (RET).</remarks>
internal readonly record struct BranchDetail(uint Value)
{
    public const int PoppedShift = 13;

    public BranchDetail(int offset, int popped)
        : this((uint)offset | ((uint)popped << PoppedShift))
    {
    }

    public uint Offset => Value & ((1 << PoppedShift) - 1);

    public uint Popped => Value >> PoppedShift;
}
