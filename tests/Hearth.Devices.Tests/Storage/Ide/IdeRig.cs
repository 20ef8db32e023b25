using System.Buffers.Binary;
using Hearth.Devices.Storage.Ide;
using Hearth.Devices.Tests.Pci;
using Hearth.Devices.Tests.Virtio;
using Hearth.Machine;
using Hearth.Testing;

namespace Hearth.Devices.Tests.Storage.Ide;

/// <summary>The IDE function as a driver sees it: the primary channel at 0x1F0 and 0x3F6, the secondary at 0x170 and 0x376, bus masters at 0xC000.</summary>
internal sealed class IdeRig
{
    public const ushort MasterBase = 0xC000;

    /// <summary>Where <see cref="PutTable"/> puts regions.</summary>
    public const uint Table = 0x1000;

    public const int DataRequest = 0x08;
    public const int Busy = 0x80;

    private const ushort Command = 0x1F0;
    private const ushort Control = 0x3F6;

    public IdeRig(params IdeUnit?[] units)
    {
        Device = new IdeDevice(Pci.Machine.Context, units);
        Pci.Bus.Add(Device, 1, 1);
        Start();
    }

    public PciRig Pci { get; } = new();

    public TestMachine Machine => Pci.Machine;

    public IdeDevice Device { get; }

    public byte[] Ram => Machine.Ram.Bytes;

    public RecordingLine Line => Machine.Line(14);

    public static IdeRig WithDisk(IBlockBackend backend) => new(new IdeUnit(backend, IsCd: false, "serial"));

    /// <summary>A disk each of whose sectors begins with its own number.</summary>
    public static FakeBlockBackend NumberedDisk(int length = 1 << 20, int sector = 512)
    {
        var backend = new FakeBlockBackend(length);
        for (int i = 0; i < length / sector; i++)
            BinaryPrimitives.WriteInt32LittleEndian(backend.Bytes.AsSpan(i * sector), i);
        return backend;
    }

    /// <summary>Reset, then what firmware does.</summary>
    public void Start()
    {
        Device.Reset();
        Pci.Write(1, 1, 0x20, MasterBase);
        Pci.Write(1, 1, 0x04, 0x0005, AccessWidth.Word);
        Pci.Write(1, 1, 0x40, 0x8000_8000);
    }

    public byte In(int register) => Machine.In((ushort)(Command + register));

    public void Out(int register, int value) => Machine.Out((ushort)(Command + register), (byte)value);

    public ushort InData() => Machine.InWord(Command);

    public void OutData(int value) => Machine.OutWord(Command, (ushort)value);

    public byte AlternateStatus() => Machine.In(Control);

    public void OutControl(int value) => Machine.Out(Control, (byte)value);

    public byte MasterStatus() => Machine.In(MasterBase + 2);

    /// <summary>Writes the registers of a 28-bit command, and the command.</summary>
    public void Issue(int command, uint lba = 0, int count = 1)
    {
        Out(2, count);
        Out(3, (int)lba);
        Out(4, (int)(lba >> 8));
        Out(5, (int)(lba >> 16));
        Out(6, 0xE0 | (int)(lba >> 24));
        Out(7, command);
    }

    /// <summary>The same of a 48-bit command: each register twice.</summary>
    public void IssueExt(int command, ulong lba, int count)
    {
        Out(2, count >> 8);
        Out(2, count);
        for (int i = 0; i < 3; i++)
        {
            Out(3 + i, (int)(lba >> (24 + (8 * i))));
            Out(3 + i, (int)(lba >> (8 * i)));
        }

        Out(6, 0xE0);
        Out(7, command);
    }

    /// <summary>Reads a block by PIO.</summary>
    public byte[] ReadBlock(int length = 512)
    {
        var bytes = new byte[length];
        for (int i = 0; i < length; i += 2)
            BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(i), InData());
        return bytes;
    }

    public void WriteBlock(ReadOnlySpan<byte> bytes)
    {
        for (int i = 0; i < bytes.Length; i += 2)
            OutData(BinaryPrimitives.ReadUInt16LittleEndian(bytes[i..]));
    }

    /// <summary>Writes a table of regions and points the bus master to it.</summary>
    public void PutTable(params ReadOnlySpan<DmaRegion> regions)
    {
        for (int i = 0; i < regions.Length; i++)
        {
            Span<byte> entry = Ram.AsSpan((int)Table + (8 * i), 8);
            BinaryPrimitives.WriteUInt32LittleEndian(entry, regions[i].Address);
            BinaryPrimitives.WriteUInt32LittleEndian(entry[4..], (uint)(regions[i].Length & 0xFFFF) | (regions[i].IsLast ? 0x8000_0000U : 0));
        }

        Machine.OutDword(MasterBase + 4, Table);
    }

    /// <summary>Clears the bus master's status and starts it.</summary>
    public void StartMaster(bool toMemory)
    {
        Machine.Out(MasterBase + 2, 0x06);
        Machine.Out(MasterBase, (byte)(toMemory ? 0x09 : 0x01));
    }

    /// <summary>Sends a packet command to the drive on the primary channel.</summary>
    public void SendPacket(ReadOnlySpan<byte> packet, int byteCount = 0xFFFE, bool dma = false)
    {
        Out(1, dma ? 1 : 0);
        Out(4, byteCount);
        Out(5, byteCount >> 8);
        Out(6, 0xA0);
        Out(7, 0xA0);
        Span<byte> padded = stackalloc byte[12];
        packet.CopyTo(padded);
        WriteBlock(padded);
    }
}
