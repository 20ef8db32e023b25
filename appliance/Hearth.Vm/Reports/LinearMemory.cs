using System.Buffers.Binary;
using Hearth.Cpu;
using Hearth.Machine;

namespace Hearth.Vm.Reports;

/// <summary>Guest memory by linear address, for reports only: it checks no rights and changes nothing (Intel SDM Vol. 3, chapter 5).</summary>
internal sealed class LinearMemory
{
    private const ulong Cr0Paging = 1UL << 31;
    private const ulong Cr4PhysicalAddressExtension = 1UL << 5;
    private const ulong EferLongModeActive = 1UL << 10;
    private const ulong Present = 1;
    private const ulong LargePage = 1 << 7;
    private const ulong AddressMask = 0x000F_FFFF_FFFF_F000;
    private const int PageShift = 12;

    private readonly CpuState _state;
    private readonly IGuestMemory _memory;

    public LinearMemory(CpuState state, IGuestMemory memory)
    {
        _state = state;
        _memory = memory;
    }

    /// <summary>The byte at a linear address, or null where nothing is mapped to RAM.</summary>
    public byte? ReadByte(ulong linear)
    {
        Span<byte> value = stackalloc byte[1];
        return TryTranslate(linear, out ulong physical) && _memory.TryRead(new GuestAddress(physical), value) ? value[0] : null;
    }

    private bool TryTranslate(ulong linear, out ulong physical)
    {
        physical = linear;
        if ((_state.Cr0 & Cr0Paging) == 0)
            return true;
        if ((_state.Efer & EferLongModeActive) != 0)
            return TryWalk(_state.Cr3 & AddressMask, linear, levels: 4, bits: 9, out physical);
        return (_state.Cr4 & Cr4PhysicalAddressExtension) != 0
            ? TryWalk(_state.Cr3 & 0xFFFF_FFE0, linear, levels: 3, bits: 9, out physical)
            : TryWalk(_state.Cr3 & 0xFFFF_F000, linear, levels: 2, bits: 10, out physical);
    }

    /// <param name="bits">Of the linear address for each level: 9 with entries of eight bytes, 10 with four.</param>
    private bool TryWalk(ulong table, ulong linear, int levels, int bits, out ulong physical)
    {
        physical = 0;
        int entryLength = bits == 9 ? sizeof(ulong) : sizeof(uint);
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        for (int level = levels - 1; level >= 0; level--)
        {
            int shift = PageShift + (level * bits);
            ulong index = (linear >> shift) & ((1UL << bits) - 1);
            bytes.Clear();
            if (!_memory.TryRead(new GuestAddress(table + (index * (ulong)entryLength)), bytes[..entryLength]))
                return false;
            ulong entry = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
            if ((entry & Present) == 0)
                return false;
            ulong offsetMask = (1UL << shift) - 1;
            bool isLeaf = level == 0 || (level < 3 && !(levels == 3 && level == 2) && (entry & LargePage) != 0);
            table = entry & AddressMask;
            if (isLeaf)
            {
                physical = (table & ~offsetMask) | (linear & offsetMask);
                return true;
            }
        }

        return false;
    }
}
