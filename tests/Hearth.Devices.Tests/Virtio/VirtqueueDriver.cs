using System.Buffers.Binary;
using Hearth.Testing;

namespace Hearth.Devices.Tests.Virtio;

/// <summary>A descriptor as a driver writes it.</summary>
internal readonly record struct TestDescriptor(ulong Address, uint Length, bool Writable = false, ushort Flags = 0, ushort Next = 0);

/// <summary>The driver's side of a split virtqueue in a test machine's RAM (virtio 1.2, section 2.7). It can also misbehave.</summary>
internal sealed class VirtqueueDriver
{
    public const ushort FlagNext = 1;
    public const ushort FlagWrite = 2;
    public const ushort FlagIndirect = 4;

    private readonly byte[] _ram;
    private ushort _available;
    private ushort _seenUsed;
    private ushort _nextDescriptor;

    /// <param name="at">Guest address of the rings: one page each for descriptors, available and used ring.</param>
    public VirtqueueDriver(TestMachine machine, ulong at, ushort size)
    {
        _ram = machine.Ram.Bytes;
        Size = size;
        Descriptors = at;
        Available = at + 0x1000;
        Used = at + 0x2000;
        _ram.AsSpan((int)at, 0x3000).Clear();
    }

    public ushort Size { get; }

    public ulong Descriptors { get; }

    public ulong Available { get; }

    public ulong Used { get; }

    public ushort UsedIndex => Get16(Used + 2);

    /// <summary>What the device asked for with event indices: notify when this index is passed.</summary>
    public ushort AvailableEvent => Get16(Used + 4 + (8UL * Size));

    public ushort UsedFlags => Get16(Used);

    /// <summary>Sets the index at which this driver wants an interrupt.</summary>
    public void SetUsedEvent(ushort index) => Put16(Available + 4 + (2UL * Size), index);

    public void SetAvailableFlags(ushort flags) => Put16(Available, flags);

    public void SetAvailableIndex(ushort index) => Put16(Available + 2, index);

    /// <summary>Writes a descriptor exactly as given.</summary>
    public void WriteDescriptor(ulong table, int index, TestDescriptor descriptor)
    {
        Span<byte> raw = _ram.AsSpan((int)table + (index * 16), 16);
        BinaryPrimitives.WriteUInt64LittleEndian(raw, descriptor.Address);
        BinaryPrimitives.WriteUInt32LittleEndian(raw[8..], descriptor.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(raw[12..], (ushort)(descriptor.Flags | (descriptor.Writable ? FlagWrite : 0)));
        BinaryPrimitives.WriteUInt16LittleEndian(raw[14..], descriptor.Next);
    }

    /// <summary>Makes a well-formed chain available.</summary>
    /// <returns>Its head.</returns>
    public ushort Add(params ReadOnlySpan<TestDescriptor> chain)
    {
        ushort head = _nextDescriptor;
        for (int i = 0; i < chain.Length; i++)
        {
            ushort index = _nextDescriptor;
            _nextDescriptor = (ushort)((_nextDescriptor + 1) % Size);
            ushort next = i == chain.Length - 1 ? (ushort)0 : FlagNext;
            WriteDescriptor(Descriptors, index, chain[i] with { Flags = (ushort)(chain[i].Flags | next), Next = _nextDescriptor });
        }

        MakeAvailable(head);
        return head;
    }

    /// <summary>Puts a head into the available ring.</summary>
    public void MakeAvailable(ushort head)
    {
        Put16(Available + 4 + (2UL * (uint)(_available % Size)), head);
        Put16(Available + 2, ++_available);
    }

    /// <summary>Takes the next used element.</summary>
    public bool TryTakeUsed(out uint head, out uint written)
    {
        head = 0;
        written = 0;
        if (UsedIndex == _seenUsed)
            return false;
        ulong element = Used + 4 + (8UL * (uint)(_seenUsed++ % Size));
        head = BinaryPrimitives.ReadUInt32LittleEndian(_ram.AsSpan((int)element));
        written = BinaryPrimitives.ReadUInt32LittleEndian(_ram.AsSpan((int)element + 4));
        return true;
    }

    private ushort Get16(ulong at) => BinaryPrimitives.ReadUInt16LittleEndian(_ram.AsSpan((int)at));

    private void Put16(ulong at, ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(_ram.AsSpan((int)at), value);
}
