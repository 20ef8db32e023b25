using System.Buffers.Binary;
using System.Text;

namespace Hearth.Devices.Platform.Acpi.Aml;

/// <summary>Data objects: integers, strings, buffers, packages (ACPI 6.5, section 20.2.3).</summary>
internal static class AmlData
{
    private const byte ZeroOp = 0x00;
    private const byte OneOp = 0x01;
    private const byte BytePrefix = 0x0A;
    private const byte WordPrefix = 0x0B;
    private const byte DWordPrefix = 0x0C;
    private const byte StringPrefix = 0x0D;
    private const byte QWordPrefix = 0x0E;
    private const byte BufferOp = 0x11;
    private const byte PackageOp = 0x12;

    /// <summary>An integer in its shortest form.</summary>
    public static AmlTerm Integer(ulong value)
    {
        byte[] bytes = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        return new AmlTerm(value switch
        {
            0 => [ZeroOp],
            1 => [OneOp],
            <= byte.MaxValue => [BytePrefix, bytes[0]],
            <= ushort.MaxValue => [WordPrefix, .. bytes[..2]],
            <= uint.MaxValue => [DWordPrefix, .. bytes[..4]],
            _ => [QWordPrefix, .. bytes],
        });
    }

    public static AmlTerm Text(string value) => new([StringPrefix, .. Encoding.ASCII.GetBytes(value), 0]);

    public static AmlTerm Buffer(ReadOnlySpan<byte> bytes) =>
        Sized([BufferOp], [.. Integer((ulong)bytes.Length).Bytes, .. bytes]);

    /// <param name="elements">255 at most.</param>
    public static AmlTerm Package(params ReadOnlySpan<AmlTerm> elements) =>
        Sized([PackageOp], [(byte)elements.Length, .. AmlTerm.Join(elements)]);

    /// <summary>A compressed EISA identifier: three letters of five bits, four hexadecimal digits, big-endian (section 19.3.4).</summary>
    /// <param name="identifier">For example <c>PNP0A03</c>.</param>
    public static AmlTerm EisaId(string identifier)
    {
        uint letters = 0;
        foreach (char letter in identifier[..3])
            letters = (letters << 5) | (uint)(letter - '@');
        uint value = (letters << 16) | Convert.ToUInt32(identifier[3..], 16);
        return Integer(BinaryPrimitives.ReverseEndianness(value));
    }

    /// <summary>An opcode followed by the length of all that belongs to it and that itself (section 20.2.4).</summary>
    public static AmlTerm Sized(ReadOnlySpan<byte> opcode, ReadOnlySpan<byte> body) =>
        new([.. opcode, .. PackageLength(body.Length), .. body]);

    // The length counts its own bytes. One byte holds 6 bits; otherwise the first has 4 bits and the number of bytes that follow.
    private static byte[] PackageLength(int body)
    {
        if (body + 1 < 1 << 6)
            return [(byte)(body + 1)];
        int following = body + 2 < 1 << 12 ? 1 : body + 3 < 1 << 20 ? 2 : 3;
        int length = body + 1 + following;
        byte[] bytes = new byte[1 + following];
        bytes[0] = (byte)((following << 6) | (length & 0x0F));
        for (int i = 1; i <= following; i++)
            bytes[i] = (byte)(length >> (4 + (8 * (i - 1))));
        return bytes;
    }
}
