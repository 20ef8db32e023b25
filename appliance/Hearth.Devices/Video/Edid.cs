using System.Buffers.Binary;
using Hearth.Machine;

namespace Hearth.Devices.Video;

/// <summary>What a screen says of itself: one block of EDID 1.4 (VESA Enhanced EDID Standard, release A, revision 2, section 3).</summary>
/// <remarks>The screen's own timing is reduced blanking (VESA CVT 1.1, section 3.4.2): nobody has to move a beam back.</remarks>
public static class Edid
{
    /// <summary>Bytes.</summary>
    public const int Length = 128;

    private const int RefreshRate = 60;

    // Of a detailed timing: 12 bits for lengths, 16 bits for the clock in units of 10 kHz.
    private const int MaximumLength = 4095;
    private const int MaximumClock = 65535;

    private const int HorizontalBlank = 160;
    private const int HorizontalFront = 48;
    private const int HorizontalSync = 32;
    private const int VerticalFront = 3;
    private const int VerticalBack = 6;
    private const double VerticalBlankMicroseconds = 460;

    // Clocks are multiples of 250 kHz, in units of 10 kHz.
    private const int ClockStep = 25;

    private const int Timings = 54;
    private const int DescriptorLength = 18;
    private const byte NameTag = 0xFC;
    private const byte SerialTag = 0xFF;
    private const byte LimitsTag = 0xFD;
    private const double InchesPerPixel = 1 / 96.0;
    private const double CentimetresPerInch = 2.54;

    // "HRT", five bits a letter.
    private const ushort Manufacturer = (8 << 10) | (18 << 5) | 20;
    private const ushort Product = 1;

    private static ReadOnlySpan<byte> Magic => [0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0];

    // Chromaticities of sRGB (section 3.7).
    private static ReadOnlySpan<byte> Colours => [0xEE, 0x91, 0xA3, 0x54, 0x4C, 0x99, 0x26, 0x0F, 0x50, 0x54];

    // 640x480, 800x600 and 1024x768 at 60 Hz (section 3.8).
    private static ReadOnlySpan<byte> EstablishedTimings => [0x21, 0x08, 0];

    // 1920x1080, 1600x900, 1280x720, 1600x1200, 1280x1024, 1440x900, 1280x800 and 1680x1050 at 60 Hz (section 3.9).
    private static ReadOnlySpan<byte> StandardTimings => [0xD1, 0xC0, 0xA9, 0xC0, 0x81, 0xC0, 0xA9, 0x40, 0x81, 0x80, 0x95, 0x00, 0x81, 0x00, 0xB3, 0x00];

    /// <summary>Describes a screen that likes one size best.</summary>
    /// <param name="to">At least <see cref="Length"/> bytes.</param>
    /// <param name="size">What does not fit a detailed timing is cut off.</param>
    /// <param name="output">Counts the machine's screens; tells their serial numbers apart.</param>
    public static void Write(Span<byte> to, DisplaySize size, int output)
    {
        Span<byte> block = to[..Length];
        block.Clear();
        Magic.CopyTo(block);
        BinaryPrimitives.WriteUInt16BigEndian(block[8..], Manufacturer);
        BinaryPrimitives.WriteUInt16LittleEndian(block[10..], Product);
        BinaryPrimitives.WriteUInt32LittleEndian(block[12..], (uint)output + 1);
        block[16] = 0xFF; // no week: the next is the model year
        block[17] = 2026 - 1990;
        block[18] = 1;
        block[19] = 4;
        block[20] = 0xA5; // digital, 8 bits a colour, DisplayPort
        block[21] = Centimetres(size.Width);
        block[22] = Centimetres(size.Height);
        block[23] = 120; // gamma 2.2
        block[24] = 0x06; // sRGB; the first detailed timing is the screen's own
        Colours.CopyTo(block[25..]);
        EstablishedTimings.CopyTo(block[35..]);
        StandardTimings.CopyTo(block[38..]);
        WriteTiming(block.Slice(Timings, DescriptorLength), size);
        WriteText(block.Slice(Timings + DescriptorLength, DescriptorLength), NameTag, "Hearth Screen"u8);
        Span<byte> serial = stackalloc byte[6];
        "HRT-00"u8.CopyTo(serial);
        serial[^1] += (byte)output;
        WriteText(block.Slice(Timings + (2 * DescriptorLength), DescriptorLength), SerialTag, serial);
        WriteLimits(block.Slice(Timings + (3 * DescriptorLength), DescriptorLength));
        byte sum = 0;
        foreach (byte value in block)
            sum += value;
        block[Length - 1] = (byte)-sum;
    }

    private static byte Centimetres(int pixels) => (byte)Math.Clamp(pixels * InchesPerPixel * CentimetresPerInch, 1, 255);

    private static void WriteTiming(Span<byte> to, DisplaySize size)
    {
        int width = Math.Clamp(size.Width, 1, MaximumLength);
        int height = Math.Clamp(size.Height, 1, MaximumLength);
        int sync = SyncOf(width, height);
        double lineMicroseconds = ((1e6 / RefreshRate) - VerticalBlankMicroseconds) / height;
        int blank = Math.Max((int)(VerticalBlankMicroseconds / lineMicroseconds) + 1, VerticalFront + sync + VerticalBack);
        long clock = Math.Min((long)RefreshRate * (width + HorizontalBlank) * (height + blank) / 10_000, MaximumClock);
        clock -= clock % ClockStep;
        BinaryPrimitives.WriteUInt16LittleEndian(to, (ushort)clock);
        to[2] = (byte)width;
        to[3] = HorizontalBlank;
        to[4] = (byte)(width >> 8 << 4);
        to[5] = (byte)height;
        to[6] = (byte)blank;
        to[7] = (byte)((height >> 8 << 4) | (blank >> 8));
        to[8] = HorizontalFront;
        to[9] = HorizontalSync;
        to[10] = (byte)((VerticalFront << 4) | sync);
        int across = (int)(width * InchesPerPixel * CentimetresPerInch * 10);
        int down = (int)(height * InchesPerPixel * CentimetresPerInch * 10);
        to[12] = (byte)across;
        to[13] = (byte)down;
        to[14] = (byte)((across >> 8 << 4) | (down >> 8));
        to[17] = 0x1A; // separate syncs, the horizontal one positive: reduced blanking
    }

    /// <summary>Tells the shape of the picture (CVT, table 3-2).</summary>
    private static int SyncOf(int width, int height)
    {
        if (width * 3 == height * 4)
            return 4;
        if (width * 9 == height * 16)
            return 5;
        return width * 10 == height * 16 ? 6 : 10;
    }

    private static void WriteText(Span<byte> to, byte tag, ReadOnlySpan<byte> text)
    {
        to[3] = tag;
        to[5..].Fill((byte)' ');
        text.CopyTo(to[5..]);
        if (text.Length < to.Length - 5)
            to[5 + text.Length] = (byte)'\n';
    }

    private static void WriteLimits(Span<byte> to)
    {
        to[3] = LimitsTag;
        to[5] = 50; // Hz, down
        to[6] = 75;
        to[7] = 30; // kHz, across
        to[8] = 255;
        to[9] = 66; // 660 MHz of pixels
        to[10] = 1; // no other formula
        to[11] = (byte)'\n';
        to[12..].Fill((byte)' ');
    }
}
