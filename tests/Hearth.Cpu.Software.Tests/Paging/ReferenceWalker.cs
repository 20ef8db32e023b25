using Hearth.Machine;
using Hearth.Memory;

namespace Hearth.Cpu.Software.Tests;

/// <summary>Page tables read the slow and obvious way, level by level as Intel SDM Vol. 3, chapter 4 tells it.</summary>
internal sealed class ReferenceWalker(GuestRam ram)
{
    public ulong Cr3 { get; init; }

    public bool Pae { get; init; }

    public bool LongMode { get; init; }

    public bool PageSizeExtension { get; init; }

    public bool NoExecute { get; init; }

    public bool WriteProtect { get; init; }

    public bool Smep { get; init; }

    /// <returns>The physical address, or the negative #PF error code less one.</returns>
    public long Walk(ulong linear, MemoryAccess access, bool user, bool smapGuard)
    {
        uint code = (user ? 4u : 0) | (access == MemoryAccess.Write ? 2u : 0);
        if (access == MemoryAccess.Execute && ((NoExecute && Pae) || Smep))
            code |= 16;
        bool writable = true, userPage = true, executable = true;
        ulong table = LongMode ? Cr3 & 0xFF_FFFF_F000 : Pae ? Cr3 & 0xFFFF_FFE0 : Cr3 & 0xFFFF_F000;
        for (int level = LongMode ? 4 : Pae ? 3 : 2; level >= 1; level--)
        {
            int shift = Pae ? 12 + (9 * (level - 1)) : 12 + (10 * (level - 1));
            ulong index = (linear >> shift) & (Pae ? 511u : 1023u);
            if (Pae && !LongMode && level == 3)
                index &= 3;
            ulong entry = Read(table + (index * (Pae ? 8u : 4u)), Pae ? 8 : 4);
            if ((entry & 1) == 0)
                return -1 - (long)code;
            bool isPointer = Pae && !LongMode && level == 3;
            bool big = level > 1 && (entry & 128) != 0 && (Pae ? level < 4 && !isPointer : PageSizeExtension);
            if ((entry & Reserved(level, big, isPointer)) != 0)
                return -1 - (long)(code | 9);
            if (!isPointer)
            {
                writable &= (entry & 2) != 0;
                userPage &= (entry & 4) != 0;
                executable &= !Pae || (entry >> 63) == 0;
            }

            ulong address = Pae ? entry & 0xFF_FFFF_F000 : entry & 0xFFFF_F000;
            if (big && !Pae)
                address = (entry & 0xFFC0_0000) | (((entry >> 13) & 0xFF) << 32);
            if (level > 1 && !big)
            {
                table = address;
                continue;
            }

            ulong size = 1UL << shift;
            bool allowed = access switch
            {
                MemoryAccess.Execute => executable && (user ? userPage : !(Smep && userPage)),
                _ when user => userPage && (access == MemoryAccess.Read || writable),
                _ => !(smapGuard && userPage) && (access == MemoryAccess.Read || writable || !WriteProtect),
            };
            return allowed ? (long)((address & ~(size - 1)) | (linear & (size - 1))) : -1 - (long)(code | 1);
        }

        throw new InvalidOperationException("a walk ends at level 1");
    }

    private ulong Reserved(int level, bool big, bool isPointer)
    {
        if (!Pae)
            return big ? 1u << 21 : 0;
        ulong reserved = 0x000F_FF00_0000_0000;
        if (isPointer)
            return reserved | 0xFFF0_0000_0000_01E6;
        if (!NoExecute)
            reserved |= 1UL << 63;
        if (!LongMode)
            reserved |= 0x7FF0_0000_0000_0000;
        if (level == 4)
            reserved |= 128;
        if (big)
            reserved |= ((1UL << (12 + (9 * (level - 1)))) - 1) & ~0x1FFFUL;
        return reserved;
    }

    private ulong Read(ulong at, int size)
    {
        Span<byte> bytes = stackalloc byte[8];
        bytes.Clear();
        ram.TryRead(new GuestAddress(at), bytes[..size]);
        return BitConverter.ToUInt64(bytes);
    }
}
