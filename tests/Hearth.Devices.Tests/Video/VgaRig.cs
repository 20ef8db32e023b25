using System.Text;
using Hearth.Devices.Pci;
using Hearth.Devices.Video.Vga;
using Hearth.Machine;
using Hearth.Testing;

namespace Hearth.Devices.Tests.Video;

/// <summary>A VGA on a test machine, driven by its ports and memory as a guest does.</summary>
internal sealed class VgaRig
{
    public const int MemoryLength = 4 << 20;

    private readonly PciBus _bus;

    public VgaRig(byte[]? firmware = null)
    {
        _bus = new PciBus(Machine.Context, null);
        Device = (VgaDevice)new VgaModule(_bus, Display, Memory, firmware).Create(Machine.Context);
        Device.Reset();
        Assign();
    }

    public TestMachine Machine { get; } = new();

    public FakeDisplay Display { get; } = new(new DisplaySize(1024, 768));

    public FakeDeviceMemory Memory { get; } = new(MemoryLength);

    public VgaDevice Device { get; }

    public FakeScanout Screen => Display[0];

    /// <summary>Where BAR 2 is.</summary>
    public ulong Registers => Device.ReadConfiguration(0x18, AccessWidth.Dword) & ~0xFU;

    public void Assign() => PciResources.Assign(_bus);

    public void SetMode(VgaMode mode)
    {
        Machine.Out(0x3C2, mode.Miscellaneous);
        for (byte i = 0; i < mode.Sequencer.Length; i++)
            Machine.OutWord(0x3C4, (ushort)(i | (mode.Sequencer[i] << 8)));
        Machine.OutWord(0x3D4, 0x11 | (0x0E << 8));
        for (byte i = 0; i < mode.Crtc.Length; i++)
            Machine.OutWord(0x3D4, (ushort)(i | (mode.Crtc[i] << 8)));
        for (byte i = 0; i < mode.Graphics.Length; i++)
            Machine.OutWord(0x3CE, (ushort)(i | (mode.Graphics[i] << 8)));
        for (byte i = 0; i < mode.Attribute.Length; i++)
            SetAttribute(i, mode.Attribute[i]);
        Machine.In(0x3DA);
        Machine.Out(0x3C0, 0x20);
        SetPalette(mode == VgaMode.Chained || mode == VgaMode.X);
    }

    public void SetSequencer(byte index, byte value) => Machine.OutWord(0x3C4, (ushort)(index | (value << 8)));

    public void SetGraphics(byte index, byte value) => Machine.OutWord(0x3CE, (ushort)(index | (value << 8)));

    public void SetCrtc(byte index, byte value) => Machine.OutWord(0x3D4, (ushort)(index | (value << 8)));

    public void SetAttribute(byte index, byte value)
    {
        Machine.In(0x3DA);
        Machine.Out(0x3C0, (byte)(index | (index < 0x10 ? 0 : 0x20)));
        Machine.Out(0x3C0, value);
    }

    public byte Peek(int offset) => (byte)Machine.Memory.Bus.Read(0xA0000 + (ulong)offset, AccessWidth.Byte);

    public void Poke(int offset, byte value) => Machine.Memory.Bus.Write(0xA0000 + (ulong)offset, AccessWidth.Byte, value);

    /// <summary>A plane's byte, past the graphics controller.</summary>
    public byte Plane(int plane, int address) => Memory.Bytes[(address * 4) + plane];

    public ushort Bochs(int index)
    {
        Machine.OutWord(0x1CE, (ushort)index);
        return Machine.InWord(0x1CF);
    }

    public void SetBochs(int index, int value)
    {
        Machine.OutWord(0x1CE, (ushort)index);
        Machine.OutWord(0x1CF, (ushort)value);
    }

    public void SetBochsMode(int width, int height, int depth, int flags = 0x41)
    {
        SetBochs(4, 0);
        SetBochs(1, width);
        SetBochs(2, height);
        SetBochs(3, depth);
        SetBochs(4, flags);
    }

    /// <summary>Loads a font whose characters show their own numbers: a frame, and in it a dot for each bit.</summary>
    public void LoadFont(int start = 0)
    {
        SetSequencer(2, 4);
        SetSequencer(4, 7);
        SetGraphics(5, 0);
        SetGraphics(6, 4);
        for (int character = 0; character < 256; character++)
        {
            for (int row = 0; row < 16; row++)
                Poke(start + (character * 32) + row, Glyph(character, row));
        }

        SetSequencer(2, 3);
        SetSequencer(4, 2);
        SetGraphics(5, 0x10);
        SetGraphics(6, 0x0E);
    }

    public static byte Glyph(int character, int row) => row switch
    {
        1 or 14 => 0xFF,
        >= 3 and <= 12 when row % 3 == 0 => (byte)(0x81 | (((character >> (row / 3 * 2 - 2)) & 3) * 0x14)),
        > 1 and < 14 => 0x81,
        _ => 0,
    };

    public void Write(int column, int row, string text, byte attribute)
    {
        int at = 0x18000 + (((row * 80) + column) * 2);
        foreach (byte character in Encoding.Latin1.GetBytes(text))
        {
            Poke(at++, character);
            Poke(at++, attribute);
        }
    }

    /// <summary>The 64 colours of the EGA, or for modes of 256 colours: red across, green down, blue with both.</summary>
    private void SetPalette(bool isFull)
    {
        Machine.Out(0x3C6, 0xFF);
        Machine.Out(0x3C8, 0);
        for (int colour = 0; colour < 256; colour++)
        {
            for (int part = 2; part >= 0; part--)
            {
                int ega = (((colour >> part) & 1) * 42) + (((colour >> (part + 3)) & 1) * 21);
                int full = part switch { 2 => (colour & 15) * 4, 1 => (colour >> 4) * 4, _ => 63 - (colour / 4) };
                Machine.Out(0x3C9, (byte)(isFull ? full : ega));
            }
        }
    }
}
