namespace Hearth.Linux.Tests.Jail;

/// <summary>The machine that seccomp(2) runs filters on: as much of classic BPF as they use (linux/filter.h), with every jump checked.</summary>
internal static class FilterMachine
{
    public const uint Architecture = 0xC000_003E;
    public const uint Allow = 0x7FFF_0000;
    public const uint KillProcess = 0x8000_0000;

    /// <summary>What happens to a system call.</summary>
    /// <returns>SECCOMP_RET_ with its data.</returns>
    public static uint Run(ReadOnlyMemory<ulong> program, uint number, uint architecture, params ReadOnlySpan<ulong> arguments)
    {
        uint[] data = Data(number, architecture, arguments);
        ReadOnlySpan<ulong> instructions = program.Span;
        uint accumulator = 0;
        for (int at = 0; ; at++)
        {
            ulong instruction = instructions[at];
            uint operand = (uint)(instruction >> 32);
            switch ((ushort)instruction)
            {
                case 0x20:
                    accumulator = data[operand / sizeof(uint)];
                    break;
                case 0x54:
                    accumulator &= operand;
                    break;
                case 0x15:
                    at += Jump(instruction, accumulator == operand);
                    break;
                case 0x35:
                    at += Jump(instruction, accumulator >= operand);
                    break;
                case 0x06:
                    return operand;
                default:
                    throw new InvalidOperationException($"no such instruction: {instruction:X}");
            }
        }
    }

    public static uint Error(uint errno) => 0x0005_0000 | errno;

    private static int Jump(ulong instruction, bool isTrue) => (byte)(instruction >> (isTrue ? 16 : 24));

    /// <summary>struct seccomp_data.</summary>
    private static uint[] Data(uint number, uint architecture, ReadOnlySpan<ulong> arguments)
    {
        const int Words = 16;
        var data = new uint[Words];
        (data[0], data[1]) = (number, architecture);
        for (int i = 0; i < arguments.Length; i++)
            (data[4 + (2 * i)], data[5 + (2 * i)]) = ((uint)arguments[i], (uint)(arguments[i] >> 32));
        return data;
    }
}
