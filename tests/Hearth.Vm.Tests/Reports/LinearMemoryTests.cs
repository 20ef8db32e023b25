using System.Buffers.Binary;
using Hearth.Cpu;
using Hearth.Machine;
using Hearth.Memory;
using Hearth.Vm.Reports;

namespace Hearth.Vm.Tests.Reports;

public sealed class LinearMemoryTests : IDisposable
{
    private const ulong Paging = 1UL << 31;
    private const ulong Byte = 0x12_3456;

    private readonly GuestRam _ram = new(16 << 20);

    public LinearMemoryTests() => _ram.TryWrite(new GuestAddress(Byte), [0xA5]);

    public void Dispose() => _ram.Dispose();

    [Fact]
    public void ReadByte_pagingOff_isPhysical()
    {
        var memory = new LinearMemory(new CpuState(), _ram);

        Assert.Equal((byte)0xA5, memory.ReadByte(Byte));
        Assert.Null(memory.ReadByte(0xA_0000));
    }

    [Fact]
    public void ReadByte_fourLevels_findsSmallAndLargePages()
    {
        Put(0x1000 + (0x1FF * 8), 0x2003);
        Put(0x2000, 0x3003);
        Put(0x3000, 0x4003);
        Put(0x3008, 0x00_0083);
        Put(0x4000 + (5 * 8), 0x12_3003);
        var state = new CpuState { Cr0 = Paging, Cr3 = 0x1000, Cr4 = 1 << 5, Efer = 1 << 10 };
        var memory = new LinearMemory(state, _ram);

        Assert.Equal((byte)0xA5, memory.ReadByte(0xFFFF_FF80_0000_5456));
        Assert.Equal((byte)0xA5, memory.ReadByte(0xFFFF_FF80_0020_0000 + Byte));
        Assert.Null(memory.ReadByte(0xFFFF_FF80_0000_6456));
    }

    [Fact]
    public void ReadByte_twoLevels_findsThePage()
    {
        _ram.TryWrite(new GuestAddress(0x1000 + (0x300 * 4)), [0x03, 0x20, 0, 0]);
        _ram.TryWrite(new GuestAddress(0x2000 + 4), [0x03, 0x30, 0x12, 0]);
        var memory = new LinearMemory(new CpuState { Cr0 = Paging, Cr3 = 0x1000 }, _ram);

        Assert.Equal((byte)0xA5, memory.ReadByte(0xC000_1456));
    }

    [Fact]
    public void ReadByte_physicalAddressExtension_findsThePage()
    {
        Put(0x1020 + (3 * 8), 0x2001);
        Put(0x2000, 0x3003);
        Put(0x3008, 0x12_3003);
        var memory = new LinearMemory(new CpuState { Cr0 = Paging, Cr3 = 0x1020, Cr4 = 1 << 5 }, _ram);

        Assert.Equal((byte)0xA5, memory.ReadByte(0xC000_1456));
    }

    private void Put(ulong address, ulong value)
    {
        var bytes = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        _ram.TryWrite(new GuestAddress(address), bytes);
    }
}
