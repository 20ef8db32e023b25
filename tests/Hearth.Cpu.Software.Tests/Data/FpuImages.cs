namespace Hearth.Cpu.Software.Tests.Data;

/// <summary>Random x87 states that a processor can be in.</summary>
internal static unsafe class FpuImages
{
    private static readonly ushort[] s_exponents = [0, 0, 1, 0x3FFF, 0x4000, 0x7FFE, 0x7FFF, 0x7FFF];

    /// <summary>Fills the x87 part of an FXSAVE area; the pointers stay zero.</summary>
    /// <param name="pending">Exceptions may be unmasked and pending.</param>
    public static void Randomize(byte* image, Random random, bool pending)
    {
        new Span<byte>(image, 24).Clear();
        ushort control = (ushort)((random.Next() & 0x1F3F) | 0x40 | (pending ? 0 : 0x3F));
        ushort status = (ushort)(random.Next() & 0x7F7F);
        bool raised = (status & ~control & 0x3F) != 0;
        *(ushort*)image = control;
        *(ushort*)(image + 2) = (ushort)(status | (raised ? 0x8080 : 0));
        image[4] = (byte)random.Next(256);
        for (int i = 0; i < 8; i++)
            RandomizeRegister(image + 32 + (i * 16), random);
    }

    private static void RandomizeRegister(byte* register, Random random)
    {
        ulong significand = (ulong)random.NextInt64() << random.Next(3);
        ushort exponent = s_exponents[random.Next(s_exponents.Length)];
        *(ulong*)register = random.Next(4) == 0 ? 0 : significand;
        *(ulong*)(register + 8) = (ulong)(exponent | (random.Next(2) << 15));
    }
}
