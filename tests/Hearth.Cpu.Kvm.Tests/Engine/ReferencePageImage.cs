using System.Buffers.Binary;
using Hearth.Machine;

namespace Hearth.Cpu.Kvm.Tests.Engine;

/// <summary>The page of Hyper-V's reference TSC as a guest reads it (Hypervisor Top-Level Functional Specification, "Partition Reference TSC Mechanism").</summary>
internal sealed record ReferencePageImage(uint Sequence, ulong Scale, ulong Offset)
{
    private const int Length = 24;
    private const ulong Unit = 100;

    public static ReferencePageImage Read(EngineMachine machine, ulong address)
    {
        var bytes = new byte[Length];
        Assert.True(machine.Ram.TryRead(new GuestAddress(address), bytes));
        return new ReferencePageImage(
            BinaryPrimitives.ReadUInt32LittleEndian(bytes), BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(8)), BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(16)));
    }

    /// <summary>Nanoseconds at a value of RDTSC.</summary>
    public ulong At(ulong timestamp)
    {
        Assert.True(Sequence != 0, "the page is not valid; KVM gives none where the host's own clock is not the counter");
        return (Math.BigMul(timestamp, Scale, out _) + Offset) * Unit;
    }
}
