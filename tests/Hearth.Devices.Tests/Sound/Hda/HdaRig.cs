using System.Buffers.Binary;
using Hearth.Devices.Pci;
using Hearth.Devices.Sound.Hda;
using Hearth.Machine;
using Hearth.Testing;

namespace Hearth.Devices.Tests.Sound.Hda;

/// <summary>The sound card on a test machine, driven as a driver does: by its registers, rings and buffer lists.</summary>
internal sealed class HdaRig
{
    public const int Output = 4;
    public const int Input = 0;
    public const ulong List = 0x10000;
    public const ulong Buffer = 0x20000;
    public const ushort Stereo16At48 = 0x0011;
    public const ushort Surround16At48 = 0x0015;

    private const int Slot = 4;
    private const ulong Corb = 0x1000;
    private const ulong Rirb = 0x2000;

    private readonly PciBus _bus;
    private byte _command;

    public HdaRig(TestMachine? machine = null)
    {
        Machine = machine ?? new TestMachine();
        _bus = new PciBus(Machine.Context, null);
        Device = new HdaDevice("hda0", Sound, Machine.Context);
        _bus.Add(Device, Slot);
        Device.Reset();
        Assign();
        Bar = Device.ReadConfiguration(0x10, AccessWidth.Dword) & ~0xFU;
    }

    public TestMachine Machine { get; }

    public FakeSound Sound { get; } = new();

    public HdaDevice Device { get; }

    public ulong Bar { get; }

    public RecordingLine Line => Machine.Line(16 + (Slot % 4));

    public Span<byte> Ram => Machine.Ram.Bytes;

    public void Assign() => PciResources.Assign(_bus);

    public uint Read(int register, AccessWidth width = AccessWidth.Dword) => (uint)Machine.Memory.Bus.Read(Bar + (ulong)register, width);

    public void Write(int register, uint value, AccessWidth width = AccessWidth.Dword) => Machine.Memory.Bus.Write(Bar + (ulong)register, width, value);

    /// <summary>Takes the controller out of reset and gives it its rings.</summary>
    public HdaRig Start()
    {
        Write(0x08, 1);
        Write(0x40, (uint)Corb);
        Write(0x50, (uint)Rirb);
        Write(0x58, 0x8000, AccessWidth.Word);
        Write(0x5A, 255, AccessWidth.Word);
        Write(0x4C, 2, AccessWidth.Byte);
        Write(0x5C, 2, AccessWidth.Byte);
        _command = 0;
        return this;
    }

    /// <summary>Sends a verb through the rings.</summary>
    /// <returns>The response.</returns>
    public uint Send(int node, uint verb)
    {
        Queue(node, verb);
        Write(0x48, _command, AccessWidth.Byte);
        Write(0x5D, 1, AccessWidth.Byte);
        return Response((byte)Read(0x58, AccessWidth.Word));
    }

    /// <summary>Puts a verb into the ring that the controller is not told of yet.</summary>
    public void Queue(int node, uint verb) =>
        BinaryPrimitives.WriteUInt32LittleEndian(Ram[((int)Corb + (4 * ++_command))..], ((uint)node << 20) | verb);

    public void Kick() => Write(0x48, _command, AccessWidth.Byte);

    public uint Response(int index) => BinaryPrimitives.ReadUInt32LittleEndian(Ram[((int)Rirb + (8 * index))..]);

    public uint ResponseFlags(int index) => BinaryPrimitives.ReadUInt32LittleEndian(Ram[((int)Rirb + (8 * index) + 4)..]);

    /// <summary>Connects the converters as a driver does for a stream of so many channels.</summary>
    public void Connect(byte tag, int channels)
    {
        for (int pair = 0; pair < (channels + 1) / 2; pair++)
            Send(2 + pair, 0x70600U | ((uint)tag << 4) | (uint)(2 * pair));
    }

    public void Describe(int entry, ulong address, uint length, bool interrupts = false)
    {
        Span<byte> raw = Ram[((int)List + (16 * entry))..];
        BinaryPrimitives.WriteUInt64LittleEndian(raw, address);
        BinaryPrimitives.WriteUInt32LittleEndian(raw[8..], length);
        BinaryPrimitives.WriteUInt32LittleEndian(raw[12..], interrupts ? 1U : 0);
    }

    /// <summary>Sets a stream up over entries of equal length, one after the other from <see cref="Buffer"/> on.</summary>
    public void SetUp(int stream, byte tag, ushort format, int entries, uint entryLength, bool interrupts = true)
    {
        for (int i = 0; i < entries; i++)
            Describe(i, Buffer + ((ulong)i * entryLength), entryLength, interrupts);
        int at = Register(stream);
        Write(at, (uint)tag << 20);
        Write(at + 0x08, (uint)entries * entryLength);
        Write(at + 0x0C, (uint)entries - 1, AccessWidth.Word);
        Write(at + 0x12, format, AccessWidth.Word);
        Write(at + 0x18, (uint)List);
        Write(at + 0x1C, 0);
    }

    public void Run(int stream, bool runs = true)
    {
        uint control = Read(Register(stream)) & 0xFF_FFFF;
        Write(Register(stream), runs ? control | 0x1E : control & ~2U);
    }

    public uint Position(int stream) => Read(Register(stream) + 4);

    public byte Status(int stream) => (byte)Read(Register(stream) + 3, AccessWidth.Byte);

    public void Acknowledge(int stream) => Write(Register(stream) + 3, 0x1C, AccessWidth.Byte);

    public static int Register(int stream) => 0x80 + (0x20 * stream);

    /// <summary>Fills the buffers with 16-bit samples that count up.</summary>
    public void FillWithRamp(int bytes)
    {
        for (int i = 0; i < bytes / 2; i++)
            BinaryPrimitives.WriteInt16LittleEndian(Ram[((int)Buffer + (2 * i))..], (short)i);
    }
}
