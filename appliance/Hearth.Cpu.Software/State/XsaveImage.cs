using System.Buffers.Binary;

namespace Hearth.Cpu.Software;

/// <summary>The standard-format XSAVE area of <see cref="CpuState.Xsave"/> (Intel SDM Vol. 1, section 13.4).</summary>
internal static unsafe class XsaveImage
{
    private const int MxcsrOffset = 24;
    private const int MxcsrMaskOffset = 28;
    private const int XmmOffset = 160;
    private const int X87Length = 160;
    private const int HeaderOffset = 512;
    private const int UpperOffset = 576;
    private const uint MxcsrMask = 0xFFFF;

    public static void Save(VcpuState* state, Span<byte> to)
    {
        to.Clear();
        new ReadOnlySpan<byte>(state->X87, X87Length).CopyTo(to);
        BinaryPrimitives.WriteUInt32LittleEndian(to[MxcsrOffset..], state->Mxcsr);
        BinaryPrimitives.WriteUInt32LittleEndian(to[MxcsrMaskOffset..], MxcsrMask);
        BinaryPrimitives.WriteUInt64LittleEndian(
            to[HeaderOffset..], ControlRegister.Xcr0X87 | ControlRegister.Xcr0Sse | ControlRegister.Xcr0Avx);
        for (int i = 0; i < 16; i++)
        {
            var register = new ReadOnlySpan<byte>(state->Ymm + (i * 32), 32);
            register[..16].CopyTo(to[(XmmOffset + (i * 16))..]);
            register[16..].CopyTo(to[(UpperOffset + (i * 16))..]);
        }
    }

    /// <summary>Loads the components that the header names; the others get their initial configuration.</summary>
    /// <returns>False when MXCSR has reserved bits set.</returns>
    public static bool TryLoad(VcpuState* state, ReadOnlySpan<byte> from)
    {
        ulong present = BinaryPrimitives.ReadUInt64LittleEndian(from[HeaderOffset..]);
        bool hasSse = (present & ControlRegister.Xcr0Sse) != 0;
        bool hasAvx = (present & ControlRegister.Xcr0Avx) != 0;
        ResetState.Vectors(state);
        if ((present & ControlRegister.Xcr0X87) != 0)
        {
            from[..X87Length].CopyTo(new Span<byte>(state->X87, X87Length));
            new Span<byte>(state->X87 + MxcsrOffset, 8).Clear();
        }

        for (int i = 0; i < 16; i++)
        {
            var register = new Span<byte>(state->Ymm + (i * 32), 32);
            if (hasSse)
                from.Slice(XmmOffset + (i * 16), 16).CopyTo(register);
            if (hasAvx)
                from.Slice(UpperOffset + (i * 16), 16).CopyTo(register[16..]);
        }

        if (hasSse || hasAvx)
            state->Mxcsr = BinaryPrimitives.ReadUInt32LittleEndian(from[MxcsrOffset..]);
        return state->Mxcsr <= MxcsrMask;
    }
}
