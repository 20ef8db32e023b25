using System.Buffers.Binary;
using Hearth.Testing;

namespace Hearth.Devices.Tests.Virtio;

/// <summary>A driver that finds its rings as another left them: after a restore.</summary>
internal sealed class QueueContinuation(TestMachine machine, VirtqueueDriver before, ushort available)
{
    public ushort UsedIndex => BinaryPrimitives.ReadUInt16LittleEndian(machine.Ram.Bytes.AsSpan((int)before.Used + 2));

    /// <summary>Makes one descriptor available, in the slot behind those used so far.</summary>
    public void Add(TestDescriptor descriptor)
    {
        Span<byte> ram = machine.Ram.Bytes;
        Span<byte> raw = ram[(int)(before.Descriptors + (16UL * available))..];
        BinaryPrimitives.WriteUInt64LittleEndian(raw, descriptor.Address);
        BinaryPrimitives.WriteUInt32LittleEndian(raw[8..], descriptor.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(raw[12..], VirtqueueDriver.FlagWrite);
        BinaryPrimitives.WriteUInt16LittleEndian(ram[(int)(before.Available + 4 + (2UL * available))..], available);
        BinaryPrimitives.WriteUInt16LittleEndian(ram[(int)(before.Available + 2)..], (ushort)(available + 1));
        BinaryPrimitives.WriteUInt16LittleEndian(ram[(int)(before.Available + 4 + (2UL * before.Size))..], available);
    }
}
