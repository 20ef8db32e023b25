using System.Diagnostics;
using System.Runtime.CompilerServices;
using Iced.Intel;

namespace Hearth.Cpu.Software;

/// <summary>Register operands of any size as an instruction names them (Intel SDM Vol. 1, section 3.4.1).</summary>
internal static unsafe class OperandAccess
{
    /// <summary>The value of a general register, zero-extended.</summary>
    public static ulong Read(VcpuState* state, Register register)
    {
        byte* at = Locate(state, register, out int size);
        return size switch
        {
            1 => *at,
            2 => *(ushort*)at,
            4 => *(uint*)at,
            _ => *(ulong*)at,
        };
    }

    /// <summary>Writes a general register: 32 bits clear the upper half, 8 and 16 bits leave the rest as it is.</summary>
    public static void Write(VcpuState* state, Register register, ulong value)
    {
        byte* at = Locate(state, register, out int size);
        WriteAt(at, size, value);
    }

    /// <summary>The low bytes of a general register by its number (0 is RAX, 4 is RSP), zero-extended.</summary>
    /// <param name="size">1, 2, 4 or 8 bytes; never a high-byte register.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Read(VcpuState* state, int number, int size) => state->Gpr[number] & Mask(size);

    /// <summary>Writes the low bytes of a general register by its number, with the rules of <see cref="Write(VcpuState*, Register, ulong)"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(VcpuState* state, int number, int size, ulong value) => WriteAt((byte*)&state->Gpr[number], size, value);

    /// <summary>The 32 bytes of an XMM or YMM register.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte* Vector(VcpuState* state, Register register)
    {
        int number = register >= Register.YMM0 ? register - Register.YMM0 : register - Register.XMM0;
        Debug.Assert((uint)number < 16, "not a vector register of this engine");

        // SAFETY: the number is below 16 whatever the decoder found, so the result lies in the Ymm array.
        return state->Ymm + ((number & 15) * 32);
    }

    /// <summary>All ones for a size of 1, 2, 4 or 8 bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Mask(int size) => ulong.MaxValue >> (64 - (size * 8));

    private static byte* Locate(VcpuState* state, Register register, out int size)
    {
        Debug.Assert(register is >= Register.AL and <= Register.R15, "not a general register");
        byte* file = (byte*)state->Gpr;

        // SAFETY: every branch below gives a register number of 0–15.
        switch (register)
        {
            case >= Register.RAX:
                size = 8;
                return file + (((register - Register.RAX) & 15) * 8);
            case >= Register.EAX:
                size = 4;
                return file + ((register - Register.EAX) * 8);
            case >= Register.AX:
                size = 2;
                return file + ((register - Register.AX) * 8);
            case >= Register.SPL:
                size = 1;
                return file + ((register - Register.SPL + 4) * 8);
            case >= Register.AH:
                size = 1;
                return file + ((register - Register.AH) * 8) + 1;
            default:
                size = 1;
                return file + (((register - Register.AL) & 15) * 8);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void WriteAt(byte* at, int size, ulong value)
    {
        switch (size)
        {
            case 1:
                *at = (byte)value;
                break;
            case 2:
                *(ushort*)at = (ushort)value;
                break;
            case 4:
                *(ulong*)at = (uint)value;
                break;
            default:
                *(ulong*)at = value;
                break;
        }
    }
}
