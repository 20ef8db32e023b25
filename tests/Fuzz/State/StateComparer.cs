using System.Globalization;

namespace Hearth.Fuzz.State;

/// <summary>Finds the differences between what the oracle and the subject did.</summary>
internal sealed class StateComparer
{
    private const int MaxDifferences = 12;

    /// <summary>TASK_SIZE_MAX of Linux with 4-level paging.</summary>
    private const ulong UserEnd = 0x7FFF_FFFF_F000;


    private static readonly string[] s_registers =
        ["RAX", "RCX", "RDX", "RBX", "RSP", "RBP", "RSI", "RDI", "R8", "R9", "R10", "R11", "R12", "R13", "R14", "R15"];

    private static readonly string[] s_segments = ["ES", "CS", "SS", "DS", "FS", "GS"];

    private readonly List<string> _differences = [];

    /// <summary>The bits of CR2 that are compared.</summary>
    public ulong FaultAddressMask { get; init; } = ulong.MaxValue;

    /// <summary>Applied to both states before they are compared.</summary>
    public Action<ProcessorState>? Normalize { get; init; }

    /// <summary>Bytes of memory, by linear address and length, that hold undefined values.</summary>
    public List<(ulong Address, int Length)> IgnoredMemory { get; } = [];

    /// <summary>Compares all state.</summary>
    /// <returns>The differences, oracle first; empty when equal. The list is used again by the next call.</returns>
    public IReadOnlyList<string> Compare(CodeMode mode, Outcome oracle, Outcome subject)
    {
        _differences.Clear();
        if (!CompareEnd(oracle, subject))
            return _differences;
        ProcessorState left = oracle.State;
        ProcessorState right = subject.State;
        Normalize?.Invoke(left);
        Normalize?.Invoke(right);
        ulong mask = mode == CodeMode.Long ? ulong.MaxValue : uint.MaxValue;
        for (int i = 0; i < (mode == CodeMode.Long ? 16 : 8); i++)
            Check(s_registers[i], left.Registers[i] & mask, right.Registers[i] & mask);
        Check("RIP", left.Rip & mask, right.Rip & mask);
        Check("RFLAGS", left.Rflags, right.Rflags);
        for (int i = 0; i < s_segments.Length; i++)
            Check(s_segments[i], left.Segments[i], right.Segments[i]);
        if (mode == CodeMode.Long)
        {
            Check("FS base", left.FsBase, right.FsBase);
            Check("GS base", left.GsBase, right.GsBase);
        }

        CompareVectors(mode, left, right);
        CompareMemory(oracle.Memory, subject.Memory);
        return _differences;
    }

    private bool CompareEnd(Outcome oracle, Outcome subject)
    {
        if (oracle.End != subject.End)
            Add("end", Describe(oracle), Describe(subject));
        else if (oracle.Vector != subject.Vector)
            Add("exception", Describe(oracle), Describe(subject));
        if (_differences.Count != 0)
            return oracle.End == subject.End;

        // Linux hides from user mode whether a kernel address is mapped: it sets the "protection" bit there.
        // Where CR2 may name any byte of an operand, that byte's page may be mapped or not.
        uint errorMask = oracle.FaultAddress >= UserEnd || FaultAddressMask == 0 ? ~1u : ~0u;
        Check("error code", oracle.ErrorCode & errorMask, subject.ErrorCode & errorMask);
        Check("CR2", oracle.FaultAddress & FaultAddressMask, subject.FaultAddress & FaultAddressMask);
        return true;
    }

    private void CompareVectors(CodeMode mode, ProcessorState left, ProcessorState right)
    {
        Check("MXCSR", left.Mxcsr, right.Mxcsr);
        Check("x87 control", left.X87Control, right.X87Control);
        Check("x87 status", left.X87Status, right.X87Status);
        Check("x87 tags", left.X87Tags, right.X87Tags);
        for (int i = 0; i < 8; i++)
            CheckBytes($"ST{i}", left.X87(i), right.X87(i));
        for (int i = 0; i < (mode == CodeMode.Long ? 16 : 8); i++)
        {
            CheckBytes($"XMM{i}", left.Xmm(i), right.Xmm(i));
            CheckBytes($"YMM{i} high", left.YmmHigh(i), right.YmmHigh(i));
        }
    }

    private void CompareMemory(byte[] left, byte[] right)
    {
        if (left.AsSpan().SequenceEqual(right))
            return;
        foreach (MemoryArea area in MemoryLayout.Areas)
        {
            for (int i = 0; i < area.Length && _differences.Count < MaxDifferences; i++)
            {
                int at = area.Offset + i;
                ulong address = area.Address + (ulong)i;
                if (left[at] != right[at] && !IsIgnored(address))
                    Add($"memory {address:X}", left[at].ToString("X2", CultureInfo.InvariantCulture), right[at].ToString("X2", CultureInfo.InvariantCulture));
            }
        }
    }

    private bool IsIgnored(ulong address)
    {
        foreach ((ulong start, int length) in IgnoredMemory)
        {
            if (address - start < (ulong)length)
                return true;
        }

        return false;
    }

    private void Check(string what, ulong left, ulong right)
    {
        if (left != right)
            Add(what, left.ToString("X", CultureInfo.InvariantCulture), right.ToString("X", CultureInfo.InvariantCulture));
    }

    private void CheckBytes(string what, ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        if (!left.SequenceEqual(right))
            Add(what, Convert.ToHexString(left), Convert.ToHexString(right));
    }

    private void Add(string what, string left, string right)
    {
        if (_differences.Count < MaxDifferences)
            _differences.Add($"{what}: {left}, not {right}");
    }

    private static string Describe(Outcome outcome) => outcome.End == EndKind.Exception
        ? $"{ExceptionVectors.Name(outcome.Vector)}({outcome.ErrorCode:X}) at {outcome.State.Rip:X}, CR2 {outcome.FaultAddress:X}"
        : $"{outcome.End} {outcome.Detail} at {outcome.State.Rip:X}";
}
