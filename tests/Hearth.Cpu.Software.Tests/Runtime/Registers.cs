using System.Globalization;

namespace Hearth.Cpu.Software.Tests.Runtime;

/// <summary>All that a program can see in registers, to compare as one value.</summary>
internal static unsafe class Registers
{
    /// <param name="except">A general register that is expected to differ.</param>
    public static string Of(VcpuState* state, int except)
    {
        string general = string.Join(' ', Enumerable.Range(0, 16).Where(i => i != except).Select(i => Hex(state->Gpr[i])));
        string vectors = Convert.ToHexString(new ReadOnlySpan<byte>(state->Ymm, 64));
        string x87 = Convert.ToHexString(new ReadOnlySpan<byte>(state->X87 + 32, 16)) + Convert.ToHexString(new ReadOnlySpan<byte>(state->X87, 5));
        return $"{general} {Hex(state->ArithmeticFlags)} {vectors} {x87}";
    }

    private static string Hex(ulong value) => value.ToString("x", CultureInfo.InvariantCulture);
}
