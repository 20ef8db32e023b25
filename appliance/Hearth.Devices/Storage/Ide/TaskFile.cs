using Hearth.Machine;

namespace Hearth.Devices.Storage.Ide;

/// <summary>The command block registers of a drive, with what each held before its last write: 48-bit commands take both (ATA/ATAPI-6, section 6.20).</summary>
internal struct TaskFile
{
    public byte Features;
    public byte Count;
    public byte LbaLow;
    public byte LbaMid;
    public byte LbaHigh;
    public byte Device;

    public byte PreviousCount;
    public byte PreviousLow;
    public byte PreviousMid;
    public byte PreviousHigh;

    /// <summary>The 28 bits of an address, or the parts of cylinder, head and sector.</summary>
    public readonly uint Lba28 => ((uint)(Device & IdeRegisters.HeadMask) << 24) | ((uint)LbaHigh << 16) | ((uint)LbaMid << 8) | LbaLow;

    public readonly ulong Lba48 => ((ulong)PreviousHigh << 40) | ((ulong)PreviousMid << 32) | ((ulong)PreviousLow << 24) | ((ulong)LbaHigh << 16) | ((ulong)LbaMid << 8) | LbaLow;

    /// <summary>Sectors of a 28-bit command, 1 to 256.</summary>
    public readonly int Sectors28 => Count == 0 ? 256 : Count;

    /// <summary>Sectors of a 48-bit command, 1 to 65536.</summary>
    public readonly int Sectors48 => (Count | PreviousCount) == 0 ? 65536 : (PreviousCount << 8) | Count;

    /// <summary>Bytes, in the registers that ATAPI calls byte count (section 7.11).</summary>
    public int ByteCount
    {
        readonly get => (LbaHigh << 8) | LbaMid;
        set
        {
            LbaMid = (byte)value;
            LbaHigh = (byte)(value >> 8);
        }
    }

    public void Write(ulong register, byte value)
    {
        switch (register)
        {
            case IdeRegisters.Features:
                Features = value;
                break;
            case IdeRegisters.SectorCount:
                PreviousCount = Count;
                Count = value;
                break;
            case IdeRegisters.LbaLow:
                PreviousLow = LbaLow;
                LbaLow = value;
                break;
            case IdeRegisters.LbaMid:
                PreviousMid = LbaMid;
                LbaMid = value;
                break;
            case IdeRegisters.LbaHigh:
                PreviousHigh = LbaHigh;
                LbaHigh = value;
                break;
            default:
                Device = value;
                break;
        }
    }

    /// <param name="previous">The device control register's HOB bit: what was written before.</param>
    public readonly byte Read(ulong register, bool previous) => register switch
    {
        IdeRegisters.SectorCount => previous ? PreviousCount : Count,
        IdeRegisters.LbaLow => previous ? PreviousLow : LbaLow,
        IdeRegisters.LbaMid => previous ? PreviousMid : LbaMid,
        IdeRegisters.LbaHigh => previous ? PreviousHigh : LbaHigh,
        _ => (byte)(Device | IdeRegisters.DeviceObsolete),
    };

    public readonly void Save(IStateWriter to) => to.WriteBytes(
        [Features, Count, LbaLow, LbaMid, LbaHigh, Device, PreviousCount, PreviousLow, PreviousMid, PreviousHigh]);

    public static TaskFile Load(IStateReader from)
    {
        Span<byte> bytes = stackalloc byte[10];
        from.ReadBytes(bytes);
        return new TaskFile
        {
            Features = bytes[0],
            Count = bytes[1],
            LbaLow = bytes[2],
            LbaMid = bytes[3],
            LbaHigh = bytes[4],
            Device = bytes[5],
            PreviousCount = bytes[6],
            PreviousLow = bytes[7],
            PreviousMid = bytes[8],
            PreviousHigh = bytes[9],
        };
    }
}
