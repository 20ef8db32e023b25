using System.Buffers.Binary;
using Hearth.Machine;

namespace Hearth.Cpu.Software.Tests.Runtime;

/// <summary>A page of device registers that keep what is written, a port that stops the vCPU, and one that calls the test.</summary>
internal sealed class TestBus(SoftwareVcpu vcpu) : IVcpuBus
{
    public const byte StopPort = 0xF4;
    public const byte CallPort = 0x80;

    /// <summary>The registers, by their offset in the page.</summary>
    public byte[] Registers { get; } = new byte[4096];

    /// <summary>Sizes of the accesses so far, reads positive and writes negative.</summary>
    public List<int> Accesses { get; } = new(4096);

    /// <summary>What a write to <see cref="CallPort"/> does, on the vCPU's thread.</summary>
    public Action? Called { get; set; }

    /// <summary>What a read of a register does, on the vCPU's thread.</summary>
    public Action? Touched { get; set; }

    public ulong ReadPort(ushort port, AccessWidth width) => 0;

    public void WritePort(ushort port, AccessWidth width, ulong value)
    {
        if (port == StopPort)
            vcpu.Kick();
        else
            Called?.Invoke();
    }

    public ulong ReadMemory(ulong address, AccessWidth width)
    {
        Accesses.Add((int)width);
        Touched?.Invoke();
        Span<byte> bytes = stackalloc byte[8];
        bytes.Clear();
        Registers.AsSpan((int)(address & 0xFFF), (int)width).CopyTo(bytes);
        return BinaryPrimitives.ReadUInt64LittleEndian(bytes);
    }

    public void WriteMemory(ulong address, AccessWidth width, ulong value)
    {
        Accesses.Add(-(int)width);
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        bytes[..(int)width].CopyTo(Registers.AsSpan((int)(address & 0xFFF)));
    }
}
