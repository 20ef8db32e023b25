using System.Numerics;
using Hearth.Machine;
using static Hearth.Devices.Video.Vga.VgaRegisters;

namespace Hearth.Devices.Video.Vga;

/// <summary>What the graphics controller makes of the processor's accesses to the window at 0xA0000. Not synchronized: the device's lock is held.</summary>
/// <remarks>
/// The four planes lie side by side: four bytes of memory, one of each plane, are one address of the planes. Where the chip chains planes, to let bytes of two or four
/// planes follow one another, the bytes simply follow one another in memory, too.
/// </remarks>
internal sealed class VgaPlanes(VgaState state, IDeviceMemory memory)
{
    private const byte Nothing = 0xFF;
    private const uint EveryPlane = 0x0101_0101;
    private const int PlaneWindow = 0x1_0000;

    private readonly int _mask = memory.Length - 1;

    /// <summary>Bytes that are left out before the window, in modes with more memory than it shows.</summary>
    public int Bank { get; set; }

    /// <summary>The window shows memory byte by byte, whatever the registers say.</summary>
    public bool IsPacked { get; set; }

    /// <param name="offset">From 0xA0000.</param>
    public byte Read(int offset)
    {
        if (!TryFindAddress(offset, out int address))
            return Nothing;
        if (IsPacked || (state.Sequencer[SequencerMemory] & MemoryChain4) != 0)
        {
            state.Latch = memory.ReadUInt32(address & _mask & ~3);
            return memory.ReadByte(address & _mask);
        }

        bool isOddEven = (state.Graphics[GraphicsMode] & ModeOddEven) != 0;
        state.Latch = memory.ReadUInt32(PlaneOffset(isOddEven ? address >> 1 : address));
        if ((state.Graphics[GraphicsMode] & ModeReadCompare) != 0)
            return Compare(state.Latch);
        int plane = state.Graphics[GraphicsReadMap];
        if (isOddEven)
            plane = (plane & 2) | (address & 1);
        return (byte)(state.Latch >> (8 * plane));
    }

    /// <inheritdoc cref="Read"/>
    public void Write(int offset, byte value)
    {
        if (!TryFindAddress(offset, out int address))
            return;
        int planes = state.Sequencer[SequencerMapMask];
        if (IsPacked)
        {
            memory.WriteByte(address & _mask, value);
        }
        else if ((state.Sequencer[SequencerMemory] & MemoryChain4) != 0)
        {
            if ((planes & (1 << (address & 3))) != 0)
                memory.WriteByte(address & _mask, value);
        }
        else if ((state.Sequencer[SequencerMemory] & MemoryNotOddEven) == 0)
        {
            WritePlanes(address >> 1, value, planes & (0b0101 << (address & 1)));
        }
        else
        {
            WritePlanes(address, value, planes);
        }
    }

    /// <summary>A plane's bit in each bit of its byte.</summary>
    internal static uint Expand(int planes) =>
        ((planes & 1) != 0 ? 0xFFU : 0) | ((planes & 2) != 0 ? 0xFF00U : 0) | ((planes & 4) != 0 ? 0xFF_0000U : 0) | ((planes & 8) != 0 ? 0xFF00_0000U : 0);

    /// <summary>Which of the window the miscellaneous register opens.</summary>
    private bool TryFindAddress(int offset, out int address)
    {
        (int start, int length) = (state.Graphics[GraphicsMiscellaneous] >> 2) switch
        {
            0 => (0, 0x2_0000),
            1 => (0, PlaneWindow),
            2 => (0x1_0000, 0x8000),
            _ => (0x1_8000, 0x8000),
        };
        address = offset - start + Bank;
        return (state.Miscellaneous & MiscellaneousRam) != 0 && offset >= start && offset < start + length;
    }

    private int PlaneOffset(int address) => (address << 2) & _mask;

    private byte Compare(uint latch)
    {
        uint differs = (latch ^ Expand(state.Graphics[GraphicsColourCompare])) & Expand(state.Graphics[GraphicsColourCare]);
        return (byte)~(differs | (differs >> 8) | (differs >> 16) | (differs >> 24));
    }

    private void WritePlanes(int address, byte value, int planes)
    {
        uint mask = state.Graphics[GraphicsBitMask] * EveryPlane;
        int rotate = state.Graphics[GraphicsRotate] & 7;
        byte rotated = (byte)((value >> rotate) | (value << (8 - rotate)));
        uint result;
        switch (state.Graphics[GraphicsMode] & 3)
        {
            case 0:
                uint set = Expand(state.Graphics[GraphicsEnableSetReset]);
                result = Combine((rotated * EveryPlane & ~set) | (Expand(state.Graphics[GraphicsSetReset]) & set), mask);
                break;
            case 1:
                result = state.Latch;
                break;
            case 2:
                result = Combine(Expand(value), mask);
                break;
            default:
                result = Combine(Expand(state.Graphics[GraphicsSetReset]), mask & (rotated * EveryPlane));
                break;
        }

        int offset = PlaneOffset(address);
        uint written = Expand(planes);
        if (BitOperations.PopCount(written) == 32)
            memory.WriteUInt32(offset, result);
        else if (written != 0)
            memory.WriteUInt32(offset, (memory.ReadUInt32(offset) & ~written) | (result & written));
    }

    private uint Combine(uint value, uint mask)
    {
        uint combined = (state.Graphics[GraphicsRotate] >> 3) switch
        {
            0 => value,
            1 => value & state.Latch,
            2 => value | state.Latch,
            _ => value ^ state.Latch,
        };
        return (combined & mask) | (state.Latch & ~mask);
    }
}
