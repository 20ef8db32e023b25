namespace Hearth.Cpu;

/// <summary>
/// What CPUID returns on one vCPU (Intel SDM Vol. 2, CPUID), except for the bits that follow the vCPU's registers:
/// OSXSAVE, the APIC bit, and the size of the enabled XSAVE area.
/// </summary>
public sealed class CpuidTable
{
    private readonly Dictionary<(uint Leaf, int Subleaf), CpuidResult> _rows = [];
    private readonly uint _maximum;
    private readonly uint _apicId;

    public CpuidTable(IEnumerable<CpuidLeaf> leaves, CpuTopology topology)
    {
        ArgumentNullException.ThrowIfNull(leaves);
        foreach (CpuidLeaf row in leaves)
            _rows[(row.Leaf, row.Subleaf)] = row.Result;
        _maximum = _rows[(0, -1)].Eax;
        _apicId = (uint)topology.ApicId;
    }

    /// <summary>Every row, for an engine that hands them to the hardware.</summary>
    public IEnumerable<CpuidLeaf> Leaves => _rows.Select(row => new CpuidLeaf(row.Key.Leaf, row.Key.Subleaf, row.Value));

    public CpuidResult Lookup(uint leaf, uint subleaf)
    {
        if (!IsInRange(leaf))
            leaf = _maximum;
        if (_rows.TryGetValue((leaf, -1), out CpuidResult result) ||
            (subleaf <= int.MaxValue && _rows.TryGetValue((leaf, (int)subleaf), out result)))
        {
            return result;
        }

        // Topology levels past the last are of type 0, but still say which level was asked for, and by whom.
        return leaf == 0xB ? new CpuidResult(0, 0, subleaf & 0xFF, _apicId) : default;
    }

    /// <summary>
    /// A leaf past the end of its range answers with the highest basic leaf, as on Intel processors. Hypervisors' interfaces are ranges of 256 leaves each.
    /// </summary>
    private bool IsInRange(uint leaf)
    {
        if (leaf <= _maximum)
            return true;
        uint range = leaf >> 28 == 4 ? leaf & 0xFFFF_FF00 : leaf & 0xC000_0000;
        return range != 0 && _rows.TryGetValue((range, -1), out CpuidResult first) && leaf <= first.Eax;
    }
}
