using Hearth.Linux.Interop;

namespace Hearth.Linux.Jail;

/// <summary>
/// Compiles a list of allowed system calls to the machine that seccomp(2) runs before each (classic BPF, linux/filter.h). What is not on the
/// list fails with EPERM; a call by another interface than x86-64's own (of 32-bit programs, INT 80h) ends the process.
/// </summary>
/// <remarks>
/// The list is a chain: what is added first is found first. The kernel skips the filter for calls that it allows whatever their arguments are
/// (since 5.11), so those with conditions should come first, in the order of how often they are made.
/// </remarks>
public sealed class SeccompFilterBuilder
{
    private const int LargestJump = 255;

    // struct seccomp_data: nr, arch, instruction_pointer, args[6].
    private const uint NumberOffset = 0;
    private const uint ArchitectureOffset = 4;
    private const uint ArgumentsOffset = 16;
    private const int ArgumentCount = 6;

    private readonly List<ulong> _program =
    [
        Load(ArchitectureOffset),
        JumpIfEqual(Libc.AUDIT_ARCH_X86_64, 1, 0),
        Return(Libc.SECCOMP_RET_KILL_PROCESS),
        Load(NumberOffset),

        // Calls of the x32 interface have the same architecture, and numbers from here on (seccomp(2), NOTES).
        JumpIfNotBelow(Libc.X32_SYSCALL_BIT, 0, 1),
        Error(Libc.EPERM),
    ];

    /// <summary>Allows a call when all of the rules hold. The same call may be added again with others.</summary>
    /// <param name="number">The number of the system call on x86-64.</param>
    public SeccompFilterBuilder Allow(int number, params ReadOnlySpan<ArgumentRule> rules)
    {
        var checks = new List<ulong>();

        // Backwards: the distance from each check to the end of all is known then.
        for (int i = rules.Length - 1; i >= 0; i--)
            Prepend(checks, rules[i]);
        AddCase(number, [.. checks, Return(Libc.SECCOMP_RET_ALLOW)]);
        return this;
    }

    /// <summary>Allows several calls, whatever their arguments are.</summary>
    public SeccompFilterBuilder AllowAll(params ReadOnlySpan<int> numbers)
    {
        foreach (int number in numbers)
            Allow(number);
        return this;
    }

    /// <summary>Lets a call fail with a certain error number, as if the kernel were older or the caller had done something else wrong.</summary>
    public SeccompFilterBuilder Fail(int number, int errno)
    {
        AddCase(number, [Error(errno)]);
        return this;
    }

    /// <summary>The filter as it is so far; the list may grow on.</summary>
    public SeccompFilter Build() => new([.. _program, Error(Libc.EPERM)]);

    private void AddCase(int number, ReadOnlySpan<ulong> body)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(body.Length, LargestJump);
        _program.Add(JumpIfEqual((uint)number, 0, body.Length));
        _program.AddRange(body);

        // A check may have loaded an argument: it goes on here, and the next case needs the number.
        if (body.Length > 1)
            _program.Add(Load(NumberOffset));
    }

    private static void Prepend(List<ulong> checks, ArgumentRule rule)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)rule.Index, (uint)ArgumentCount, nameof(rule));
        if ((rule.Value & ~rule.Mask) != 0)
            throw new ArgumentException("a rule compares bits that its mask leaves out", nameof(rule));
        uint offset = ArgumentsOffset + (uint)(rule.Index * sizeof(ulong));
        PrependHalf(checks, offset + sizeof(uint), (uint)(rule.Mask >> 32), (uint)(rule.Value >> 32));
        PrependHalf(checks, offset, (uint)rule.Mask, (uint)rule.Value);
    }

    /// <summary>The machine has 32 bits.</summary>
    private static void PrependHalf(List<ulong> checks, uint offset, uint mask, uint value)
    {
        if (mask == 0)
            return;

        // A check that does not hold jumps behind the case's return, which is one beyond those that follow.
        checks.Insert(0, JumpIfEqual(value, 0, checks.Count + 1));
        if (mask != uint.MaxValue)
            checks.Insert(0, And(mask));
        checks.Insert(0, Load(offset));
    }

    // struct sock_filter: code in 16 bits, jt and jf in 8 each, k in 32.
    private static ulong Load(uint offset) => Instruction(0x20, offset); // BPF_LD | BPF_W | BPF_ABS

    private static ulong And(uint mask) => Instruction(0x54, mask); // BPF_ALU | BPF_AND | BPF_K

    private static ulong Return(uint action) => Instruction(0x06, action); // BPF_RET | BPF_K

    private static ulong Error(int errno) => Return(Libc.SECCOMP_RET_ERRNO | (uint)errno);

    private static ulong JumpIfEqual(uint value, int whenTrue, int whenFalse) => Instruction(0x15, value, whenTrue, whenFalse); // BPF_JMP | BPF_JEQ | BPF_K

    private static ulong JumpIfNotBelow(uint value, int whenTrue, int whenFalse) => Instruction(0x35, value, whenTrue, whenFalse); // BPF_JMP | BPF_JGE | BPF_K

    private static ulong Instruction(uint code, uint operand, int whenTrue = 0, int whenFalse = 0) =>
        code | ((ulong)whenTrue << 16) | ((ulong)whenFalse << 24) | ((ulong)operand << 32);
}
