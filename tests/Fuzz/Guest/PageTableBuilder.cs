using System.Buffers.Binary;
using Hearth.Machine;
using Hearth.Memory;

namespace Hearth.Fuzz.Guest;

/// <summary>Builds 4-level or PAE page tables in guest RAM (Intel SDM Vol. 3, sections 4.4 and 4.5).</summary>
internal sealed class PageTableBuilder
{
    private const ulong Present = 1;
    private const ulong WritableBit = 2;
    private const ulong UserBit = 4;
    private const ulong NoExecute = 1UL << 63;
    private const ulong FrameMask = 0x000F_FFFF_FFFF_F000;

    private readonly GuestRam _ram;
    private readonly int _levels;
    private ulong _next;

    /// <param name="levels">4, or 3 for PAE.</param>
    /// <param name="start">Guest-physical address of the root; further tables follow.</param>
    public PageTableBuilder(GuestRam ram, int levels, ulong start)
    {
        _ram = ram;
        _levels = levels;
        Root = start;
        _next = start + GuestRam.PageSize;
    }

    /// <summary>For CR3.</summary>
    public ulong Root { get; }

    public void Map(ulong linear, ulong physical, int length, bool user, bool writable, bool executable)
    {
        ulong flags = Present | (user ? UserBit : 0) | (writable ? WritableBit : 0) | (executable ? 0 : NoExecute);
        for (ulong offset = 0; offset < (ulong)length; offset += GuestRam.PageSize)
            Write(TableFor(linear + offset) + Index(linear + offset, 1), (physical + offset) | flags);
    }

    private static ulong Index(ulong linear, int level) => ((linear >> (12 + (9 * (level - 1)))) & 511) * 8;

    /// <summary>The last-level table for an address; tables on the way are created.</summary>
    private ulong TableFor(ulong linear)
    {
        ulong table = Root;
        for (int level = _levels; level > 1; level--)
        {
            ulong entryAddress = table + Index(linear, level);
            ulong entry = Read(entryAddress);
            if (entry == 0)
            {
                // A PAE page-directory-pointer entry has neither a writable nor a user bit; they are reserved there.
                bool pointerOfPae = level == 3 && _levels == 3;
                entry = _next | Present | (pointerOfPae ? 0 : WritableBit | UserBit);
                Write(entryAddress, entry);
                _next += GuestRam.PageSize;
            }

            table = entry & FrameMask;
        }

        return table;
    }

    private ulong Read(ulong physical)
    {
        Span<byte> bytes = stackalloc byte[8];
        _ram.TryRead(new GuestAddress(physical), bytes);
        return BinaryPrimitives.ReadUInt64LittleEndian(bytes);
    }

    private void Write(ulong physical, ulong value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        _ram.TryWrite(new GuestAddress(physical), bytes);
    }
}
