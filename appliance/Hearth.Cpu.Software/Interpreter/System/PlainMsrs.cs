namespace Hearth.Cpu.Software;

/// <summary>The table of <see cref="PlainMsr"/>s; the position is the index into <see cref="VcpuState.PlainMsrs"/>, and part of no saved state.</summary>
internal static unsafe class PlainMsrs
{
    private const ulong PhysicalBase = PageTableEntry.Address | 0xFF;
    private const ulong PhysicalMask = PageTableEntry.Address | (1 << 11);

    /// <summary>Fast strings; no branch trace store, no precise event sampling.</summary>
    private const ulong MiscEnableInitial = 1 | (1 << 11) | (1 << 12);

    /// <summary>What software commonly turns: fast strings, TM1, prefetchers, CPUID limit, XD disable. None changes anything here.</summary>
    private const ulong MiscEnableWritable = (1 << 0) | (1 << 3) | (1 << 9) | (1 << 16) | (1 << 19);

    private static readonly PlainMsr[] s_table = [.. Table()];
    private static readonly Dictionary<uint, int> s_slots = s_table.Select((msr, slot) => (msr, slot)).ToDictionary(x => x.msr.Index, x => x.slot);

    public static ReadOnlySpan<PlainMsr> All => s_table;

    public static bool TryFind(uint index, out int slot) => s_slots.TryGetValue(index, out slot);

    public static void Reset(VcpuState* state)
    {
        for (int i = 0; i < s_table.Length; i++)
            state->PlainMsrs[i] = s_table[i].Initial;
    }

    /// <summary>True when a register may take a value.</summary>
    public static bool Accepts(int slot, ulong value)
    {
        PlainMsr msr = s_table[slot];
        if (((value ^ msr.Initial) & ~msr.Writable) != 0)
            return false;
        return msr.Kind switch
        {
            PlainMsrKind.MemoryType => IsMemoryType((byte)value),
            PlainMsrKind.MemoryTypes => AreMemoryTypes(value, allowUncachedMinus: false),
            _ => true,
        };
    }

    /// <summary>Eight memory types: of a fixed-range MTRR, or of IA32_PAT, which also has UC- (7).</summary>
    public static bool AreMemoryTypes(ulong value, bool allowUncachedMinus)
    {
        for (int i = 0; i < 8; i++)
        {
            byte type = (byte)(value >> (8 * i));
            if (!IsMemoryType(type) && !(allowUncachedMinus && type == 7))
                return false;
        }

        return true;
    }

    private static bool IsMemoryType(byte type) => type is 0 or 1 or 4 or 5 or 6;

    private static IEnumerable<PlainMsr> Table()
    {
        // IBRS, STIBP, BHI_DIS_S (Intel SDM Vol. 4, IA32_SPEC_CTRL).
        const ulong RestrictedSpeculation = 1 << 0;
        const ulong SingleThreadPredictors = 1 << 1;
        const ulong NoHistoryInjection = 1 << 10;
        for (uint i = 0; i < Msr.VariableRanges; i++)
        {
            yield return new(Msr.MtrrPhysBase0 + (2 * i), 0, PhysicalBase, PlainMsrKind.MemoryType);
            yield return new(Msr.MtrrPhysBase0 + (2 * i) + 1, 0, PhysicalMask);
        }

        yield return new(Msr.MtrrFix64K, 0, ulong.MaxValue, PlainMsrKind.MemoryTypes);
        yield return new(Msr.MtrrFix16KLow, 0, ulong.MaxValue, PlainMsrKind.MemoryTypes);
        yield return new(Msr.MtrrFix16KHigh, 0, ulong.MaxValue, PlainMsrKind.MemoryTypes);
        for (uint i = Msr.MtrrFix4KFirst; i <= Msr.MtrrFix4KLast; i++)
            yield return new(i, 0, ulong.MaxValue, PlainMsrKind.MemoryTypes);
        yield return new(Msr.MtrrDefType, 0, 0xCFF, PlainMsrKind.MemoryType);
        yield return new(Msr.MiscEnable, MiscEnableInitial, MiscEnableWritable);
        yield return new(Msr.SpecCtrl, 0, RestrictedSpeculation | SingleThreadPredictors | NoHistoryInjection);
        yield return new(Msr.McgStatus, 0, 0);
        yield return new(Msr.EblCrPowerOn, 0, 0);
        yield return new(Msr.DebugCtl, 0, 0);
    }
}
