using Hearth.Machine;
using Hearth.Testing;

namespace Hearth.Devices.Tests.Video;

/// <summary>Random registers, modes and memory, and a frame now and then: nothing throws, and nothing is drawn outside the screen.</summary>
public class VgaFuzzTests
{
    private static readonly VgaMode[] s_modes = [VgaMode.Text, VgaMode.Cga, VgaMode.CgaTwoColours, VgaMode.Ega, VgaMode.Planar, VgaMode.Chained, VgaMode.X];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Vga_driven_atRandom_showsOrShowsNothing(int seed)
    {
        var vga = new VgaRig();
        var random = new Random(seed);

        for (int i = 0; i < FuzzLength.Operations; i++)
            Step(vga, random);

        vga.Device.Reset();
        vga.Display.Refresh();
        Assert.Equal(DisplaySize.Nothing, vga.Screen.Size);
    }

    private static void Step(VgaRig vga, Random random)
    {
        switch (random.Next(1000))
        {
            case 0:
                vga.Display.Refresh();
                break;
            case 1:
                vga.SetMode(s_modes[random.Next(s_modes.Length)]);
                break;
            case 2:
                vga.SetBochsMode(random.Next(1200), random.Next(900), random.Next(5) * 8);
                break;
            case 3:
                vga.SetBochs(4, 0);
                break;
            case 4:
                vga.Machine.Clock.Advance(random.Next(1_000_000_000));
                break;
            case < 100:
                vga.SetCrtc((byte)random.Next(26), (byte)random.Next(256));
                break;
            case < 200:
                vga.SetBochs(random.Next(12), random.Next(65536));
                break;
            case < 500:
                vga.Machine.Out((ushort)random.Next(0x3B0, 0x3E0), (byte)random.Next(256));
                break;
            case < 600:
                vga.Machine.In((ushort)random.Next(0x3B0, 0x3E0));
                break;
            case < 900:
                vga.Poke(random.Next(0x2_0000), (byte)random.Next(256));
                break;
            case < 950:
                vga.Peek(random.Next(0x2_0000));
                break;
            default:
                vga.Machine.Memory.Bus.Write(vga.Registers + (ulong)random.Next(0xFF8), AccessWidth.Dword, (uint)random.Next());
                break;
        }
    }
}
