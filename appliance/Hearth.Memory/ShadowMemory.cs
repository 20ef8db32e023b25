using Hearth.Machine;

namespace Hearth.Memory;

/// <summary>
/// The firmware ROM below 4 GiB and the shadow memory below 1 MiB (Intel 82441FX datasheet, section 3.2.18 and figure 4; 82371SB, section 4.3).
/// </summary>
/// <remarks>
/// Guest RAM always holds what is read: where a segment reads ROM, a copy of the ROM lies there and the RAM behind it is kept here. So the engines know
/// one thing only, whether a segment may be written; writes to one that may not come here by the memory bus. DMA sees what the processors read, and
/// does not write to protected segments.
/// </remarks>
public sealed class ShadowMemory : IShadowMemory, IMachineDevice, IBusDevice
{
    private const byte Version = 1;
    private const int SegmentCount = 16;
    private const int SegmentLength = GuestRam.ShadowSegmentLength;

    // The ROM's last 128 KiB begin at 0xE0000.
    private const int FirstRomSegment = 8;
    private const uint All = (1 << SegmentCount) - 1;

    private readonly Lock _lock = new();
    private readonly GuestRam _ram;

    // The RAM behind segments that read ROM; of the others nothing of meaning.
    private readonly byte[] _behind = new byte[SegmentCount * SegmentLength];
    private uint _readsRam = All;
    private uint _writesRam = All;

    /// <param name="ram">Has room for a ROM.</param>
    /// <param name="rom">The firmware; empty when it comes with a saved guest.</param>
    public ShadowMemory(GuestRam ram, ReadOnlySpan<byte> rom)
    {
        ArgumentNullException.ThrowIfNull(ram);
        _ram = ram;
        if (!rom.IsEmpty)
            ram.WriteRom(rom);
    }

    public string Name => "firmware-memory";

    /// <summary>Where it is to be mapped to the memory bus: writes to protected segments come from there.</summary>
    public static AddressRange Range { get; } = new(GuestRam.ShadowStart, GuestRam.ShadowEnd - GuestRam.ShadowStart);

    public void Steer(int segment, bool readsRam, bool writesRam)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)segment, (uint)SegmentCount);
        lock (_lock)
        {
            uint bit = 1U << segment;
            bool readRam = (_readsRam & bit) != 0;
            if (readRam && !readsRam)
            {
                _ram.ReadSegment(segment, Behind(segment));
                ShowRom(segment);
            }
            else if (!readRam && readsRam)
            {
                _ram.WriteSegment(segment, Behind(segment));
            }

            _readsRam = readsRam ? _readsRam | bit : _readsRam & ~bit;
            _writesRam = writesRam ? _writesRam | bit : _writesRam & ~bit;
            ProtectLocked();
        }
    }

    /// <summary>All ones: reads are served from RAM, except where there is none.</summary>
    public ulong Read(ulong offset, AccessWidth width) => ulong.MaxValue;

    /// <summary>A write that the engine kept from the bytes: it reaches the RAM behind the ROM, or nothing.</summary>
    public void Write(ulong offset, AccessWidth width, ulong value)
    {
        lock (_lock)
        {
            for (int i = 0; i < (int)width; i++)
            {
                int at = (int)offset + i;
                uint bit = 1U << (at / SegmentLength);
                if ((_writesRam & ~_readsRam & bit) != 0)
                    _behind[at] = (byte)(value >> (8 * i));
            }
        }
    }

    /// <summary>To the power-on state: all of it reads ROM, whatever lay there. What was in the RAM behind stays there.</summary>
    public void Reset()
    {
        lock (_lock)
        {
            for (int segment = 0; segment < SegmentCount; segment++)
            {
                if ((_readsRam & (1U << segment)) != 0)
                    _ram.ReadSegment(segment, Behind(segment));
                ShowRom(segment);
            }

            (_readsRam, _writesRam) = (0, 0);
            ProtectLocked();
        }
    }

    public void Save(IStateWriter to)
    {
        ArgumentNullException.ThrowIfNull(to);
        Span<byte> bytes = stackalloc byte[SegmentLength];
        lock (_lock)
        {
            to.WriteVersion(Version);
            to.WriteUInt32(_readsRam);
            to.WriteUInt32(_writesRam);
            to.WriteBytes(_ram.ReadRom());
            for (int segment = 0; segment < SegmentCount; segment++)
            {
                if ((_readsRam & (1U << segment)) != 0)
                    _ram.ReadSegment(segment, bytes);
                else
                    Behind(segment).CopyTo(bytes);
                to.WriteBytes(bytes);
            }
        }
    }

    /// <summary>Brings back the ROM and the shadowed RAM, whatever RAM holds at the time.</summary>
    public void Restore(IStateReader from)
    {
        ArgumentNullException.ThrowIfNull(from);
        lock (_lock)
        {
            from.ReadVersion(Name, Version);
            uint readsRam = from.ReadUInt32() & All;
            uint writesRam = from.ReadUInt32() & All;
            byte[] rom = from.ReadBytes(GuestRam.RomMaximum);
            if (rom.Length != _ram.RomLength)
                throw new SavedStateException($"The guest was saved with {rom.Length >> 10} KiB of firmware and cannot go on with {_ram.RomLength >> 10} KiB.");
            var behind = new byte[_behind.Length];
            for (int segment = 0; segment < SegmentCount; segment++)
                from.ReadBytes(behind.AsSpan(segment * SegmentLength, SegmentLength));
            (_readsRam, _writesRam) = (readsRam, writesRam);
            behind.CopyTo(_behind, 0);
            _ram.WriteRom(rom);
            for (int segment = 0; segment < SegmentCount; segment++)
            {
                if ((readsRam & (1U << segment)) != 0)
                    _ram.WriteSegment(segment, Behind(segment));
                else
                    ShowRom(segment);
            }

            ProtectLocked();
        }
    }

    private Span<byte> Behind(int segment) => _behind.AsSpan(segment * SegmentLength, SegmentLength);

    private void ShowRom(int segment)
    {
        Span<byte> bytes = stackalloc byte[SegmentLength];
        bytes.Fill(0xFF);
        ReadOnlySpan<byte> rom = _ram.ReadRom();
        int fromEnd = (SegmentCount - segment) * SegmentLength;
        if (segment >= FirstRomSegment && fromEnd <= rom.Length)
            rom.Slice(rom.Length - fromEnd, SegmentLength).CopyTo(bytes);
        _ram.WriteSegment(segment, bytes);
    }

    // A segment that reads ROM holds a copy of it, which no write may reach.
    private void ProtectLocked() => _ram.Protect(~(_readsRam & _writesRam) & All);
}
