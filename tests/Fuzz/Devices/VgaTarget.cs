using Hearth.Devices.Pci;
using Hearth.Devices.Video.Vga;
using Hearth.Machine;
using Hearth.Testing;

namespace Hearth.Fuzz.Devices;

/// <summary>The VGA: its ports, the window at 0xA0000, Bochs's registers and the frame buffer, and pictures of what comes of it.</summary>
internal sealed class VgaTarget : PciTarget, IDisposable
{
    private const int MemoryLength = 1 << 20;

    private static readonly int[] s_depths = [0, 4, 8, 15, 16, 24, 32];

    // Mode 12h of the BIOS; modes near it come by chance.
    private static readonly byte[] s_sequencer = [0x03, 0x01, 0x0F, 0x00, 0x06];

    private static readonly byte[] s_crtc =
        [0x5F, 0x4F, 0x50, 0x82, 0x54, 0x80, 0x0B, 0x3E, 0x00, 0x40, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xEA, 0x0C, 0xDF, 0x28, 0x00, 0xE7, 0x04, 0xE3, 0xFF];

    private static readonly byte[] s_graphics = [0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x05, 0x0F, 0xFF];

    private readonly FakeDisplay _display = new(new DisplaySize(1024, 768));
    private readonly FakeDeviceMemory _memory = new(MemoryLength);
    private readonly VgaDevice _device;

    public VgaTarget()
    {
        _device = (VgaDevice)new VgaModule(Bus, _display, _memory, new byte[4096]).Create(Machine.Context);
        Plug(_device);
    }

    /// <summary>The largest picture a CRT controller can be set up for takes 19 MiB.</summary>
    public override long MemoryLimit => 48 << 20;

    protected override ReadOnlySpan<int> Regions => default;

    protected override int LongestStep => 30;

    protected override int SaveInterval => 20;

    public void Dispose() => _device.Dispose();

    /// <summary>Everything that is mapped, the configuration ports and with them the BARs as well.</summary>
    protected override void Access(Random random) => AccessMapped(random);

    protected override void ActAsDriver(Random random)
    {
        switch (random.Next(100))
        {
            case 0:
                SetBochsMode(random);
                break;
            case 1:
                SetBochs(4, 0);
                break;
            case 2:
                SetMode(random);
                break;
            case < 20:
                SetIndexed(0x3D4, (byte)random.Next(26), (byte)random.Next(256));
                break;
            case < 40:
                SetIndexed(random.Next(2) == 0 ? (ushort)0x3C4 : (ushort)0x3CE, (byte)random.Next(10), (byte)random.Next(256));
                break;
            case < 50:
                SetBochs((ushort)random.Next(12), (ushort)Hostile.Value(random));
                break;
            case < 60:
                Machine.In(0x3DA);
                Machine.Out(0x3C0, (byte)(random.Next(2) == 0 ? 0x20 : random.Next(0x40)));
                Machine.Out(0x3C0, (byte)random.Next(256));
                break;
            default:
                Machine.Memory.Bus.Write(0xA_0000 + (ulong)random.Next(0x2_0000), Hostile.MemoryWidth(random), Hostile.Value(random));
                break;
        }
    }

    protected override void ActFromOutside(Random random)
    {
        // A frame takes a thousand times as long as an access.
        switch (random.Next(100))
        {
            case < 2:
                _display.Refresh();
                break;
            case 2:
                _display.ChangeWish(0, new DisplaySize(random.Next(5000), random.Next(5000)));
                break;
            default:
                _memory.Write(random.Next(MemoryLength - 64) & ~7, BitConverter.GetBytes(Hostile.Value(random)));
                break;
        }
    }

    private void SetMode(Random random)
    {
        SetBochs(4, 0);
        Machine.Out(0x3C2, (byte)(0x63 | random.Next(256)));
        for (byte i = 0; i < s_sequencer.Length; i++)
            SetIndexed(0x3C4, i, Nearly(random, s_sequencer[i]));
        SetIndexed(0x3D4, 0x11, 0);
        for (byte i = 0; i < s_crtc.Length; i++)
            SetIndexed(0x3D4, i, Nearly(random, s_crtc[i]));
        for (byte i = 0; i < s_graphics.Length; i++)
            SetIndexed(0x3CE, i, Nearly(random, s_graphics[i]));
        Machine.In(0x3DA);
        Machine.Out(0x3C0, 0x30);
        Machine.Out(0x3C0, Nearly(random, 0x01));
        Machine.Out(0x3C0, 0x20);
    }

    private void SetBochsMode(Random random)
    {
        SetBochs(4, 0);
        SetBochs(1, (ushort)random.Next(1400));
        SetBochs(2, (ushort)random.Next(1000));
        SetBochs(3, (ushort)s_depths[random.Next(s_depths.Length)]);
        SetBochs(4, (ushort)(1 | (random.Next(256) & 0xF0)));
        SetBochs(6, (ushort)random.Next(2000));
        SetBochs(8, (ushort)random.Next(200));
        SetBochs(9, (ushort)random.Next(200));
    }

    private static byte Nearly(Random random, byte value) => random.Next(20) == 0 ? (byte)random.Next(256) : value;

    private void SetIndexed(ushort port, byte index, byte value) => Machine.OutWord(port, (ushort)(index | (value << 8)));

    private void SetBochs(ushort index, ushort value)
    {
        Machine.OutWord(0x1CE, index);
        Machine.OutWord(0x1CF, value);
    }
}
