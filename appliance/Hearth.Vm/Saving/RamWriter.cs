using System.Buffers.Binary;
using Hearth.Machine;
using Hearth.Memory;

namespace Hearth.Vm.Saving;

/// <summary>Writes guest RAM block by block (<see cref="RamImage"/>), also while the guest goes on changing it.</summary>
internal sealed class RamWriter
{
    private readonly GuestRam _ram;
    private readonly Stream _to;
    private readonly byte[] _block = new byte[RamImage.BlockLength];
    private uint _count;

    public RamWriter(GuestRam ram, Stream to)
    {
        _ram = ram;
        _to = to;
    }

    /// <summary>Bytes of RAM written so far.</summary>
    public long Written { get; private set; }

    /// <summary>Writes every block that holds something other than zeros.</summary>
    /// <param name="isUnwanted">Asked before each block.</param>
    /// <returns>False when it was left off because it is no longer wanted.</returns>
    public bool TryWriteAll(Func<bool> isUnwanted)
    {
        foreach (RamSlot slot in _ram.Slots)
        {
            for (ulong offset = 0; TryFindTouched(slot, ref offset); offset += RamImage.BlockLength)
            {
                if (isUnwanted())
                    return false;
                Span<byte> part = Read(slot.Start + offset, (int)Math.Min(slot.Length - offset, RamImage.BlockLength));
                if (part.ContainsAnyExcept((byte)0))
                    Write(slot.Start + offset, part);
            }
        }

        return true;
    }

    /// <summary>Writes pages, zeros or not: an earlier block may have had something else.</summary>
    /// <inheritdoc cref="TryWriteAll"/>
    public bool TryWrite(PageSet pages, Func<bool> isUnwanted)
    {
        const int Longest = RamImage.BlockLength / PageSet.PageSize;
        foreach (RamSlot slot in _ram.Slots)
        {
            long first = (long)(slot.Offset / PageSet.PageSize);
            long end = first + (long)(slot.Length / PageSet.PageSize);
            for (long page = first; pages.TryFindRun(ref page, end, Longest, out int length); page += length)
            {
                if (isUnwanted())
                    return false;
                ulong address = slot.Start + ((ulong)(page - first) * PageSet.PageSize);
                Write(address, Read(address, length * PageSet.PageSize));
            }
        }

        return true;
    }

    /// <summary>Marks the end.</summary>
    public void End()
    {
        Span<byte> prefix = stackalloc byte[RamImage.PrefixLength];
        BinaryPrimitives.WriteUInt64LittleEndian(prefix, RamImage.EndMark);
        BinaryPrimitives.WriteUInt32LittleEndian(prefix[RamImage.LengthOffset..], _count);
        RamImage.SetChecksum(prefix, []);
        _to.Write(prefix);
    }

    /// <summary>A copy: what the checksum is made of must not change. Through the file: memory the guest gave back does not take room again.</summary>
    private Span<byte> Read(ulong address, int length)
    {
        Span<byte> part = _block.AsSpan(0, length);
        return _ram.TryReadStored(new GuestAddress(address), part) ? part : throw new MachineException("guest memory cannot be read");
    }

    private void Write(ulong address, ReadOnlySpan<byte> bytes)
    {
        Span<byte> prefix = stackalloc byte[RamImage.PrefixLength];
        BinaryPrimitives.WriteUInt64LittleEndian(prefix, address);
        BinaryPrimitives.WriteUInt32LittleEndian(prefix[RamImage.LengthOffset..], (uint)bytes.Length);
        RamImage.SetChecksum(prefix, bytes);
        _to.Write(prefix);
        _to.Write(bytes);
        _count++;
        Written += bytes.Length;
    }

    /// <summary>Skips what the guest has never touched: to look at it would make the host allocate it.</summary>
    /// <param name="offset">Bytes into the slot, a multiple of the block length; moved forward.</param>
    private bool TryFindTouched(RamSlot slot, ref ulong offset)
    {
        if (offset >= slot.Length || !_ram.File.TryFindData((long)(slot.Offset + offset), out long start, out _))
            return false;
        ulong found = (ulong)start - slot.Offset;
        offset = Math.Max(offset, found / RamImage.BlockLength * RamImage.BlockLength);
        return offset < slot.Length;
    }
}
