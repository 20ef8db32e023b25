using System.Buffers.Binary;
using Hearth.Machine;

namespace Hearth.Cpu.Kvm.Tests.Engine;

/// <summary>A page of the paravirtual clock as a guest reads it: struct pvclock_vcpu_time_info (Linux, Documentation/virt/kvm/x86/msr.rst).</summary>
internal sealed record ClockPage(uint Version, ulong Timestamp, ulong SystemTime, uint Multiplier, sbyte Shift, byte Flags)
{
    private const int Length = 32;

    public static ClockPage Read(EngineMachine machine, ulong address)
    {
        var bytes = new byte[Length];
        Assert.True(machine.Ram.TryRead(new GuestAddress(address), bytes));
        return new ClockPage(
            BinaryPrimitives.ReadUInt32LittleEndian(bytes), BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(8)),
            BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(16)), BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(24)), (sbyte)bytes[28], bytes[29]);
    }

    /// <summary>Nanoseconds of the clock at a value of RDTSC.</summary>
    public ulong At(ulong timestamp)
    {
        ulong passed = timestamp - Timestamp;
        Assert.True((long)passed >= 0, $"the counter, {timestamp}, is before the one of the page, {Timestamp}");
        return SystemTime + (ulong)(((UInt128)(Shift < 0 ? passed >> -Shift : passed << Shift) * Multiplier) >> 32);
    }
}
