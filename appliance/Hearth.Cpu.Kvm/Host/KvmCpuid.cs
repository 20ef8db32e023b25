using Hearth.Cpu.Kvm.Interop;

namespace Hearth.Cpu.Kvm;

/// <summary>What CPUID says to a guest: as KVM takes it, or the most that it could be.</summary>
internal sealed class KvmCpuid
{
    /// <summary>More than any kernel takes (KVM_MAX_CPUID_ENTRIES).</summary>
    public const int MaximumEntries = 256;

    private readonly kvm_cpuid_entry2[] _entries;

    public KvmCpuid(ReadOnlySpan<kvm_cpuid_entry2> entries) => _entries = entries.ToArray();

    /// <summary>A guest's.</summary>
    public KvmCpuid(CpuidTable table) => _entries = [.. table.Leaves.Select(Entry)];

    public ReadOnlySpan<kvm_cpuid_entry2> Entries => _entries;

    /// <summary>Zeros where there is nothing.</summary>
    public CpuidResult Lookup(uint leaf, uint subleaf)
    {
        foreach (kvm_cpuid_entry2 entry in _entries)
        {
            if (entry.function == leaf && ((entry.flags & kvm_cpuid_entry2.SignificantIndex) == 0 || entry.index == subleaf))
                return new CpuidResult(entry.eax, entry.ebx, entry.ecx, entry.edx);
        }

        return default;
    }

    private static kvm_cpuid_entry2 Entry(CpuidLeaf leaf) => new()
    {
        function = leaf.Leaf,
        index = (uint)Math.Max(leaf.Subleaf, 0),
        flags = leaf.Subleaf < 0 ? 0 : kvm_cpuid_entry2.SignificantIndex,
        eax = leaf.Result.Eax,
        ebx = leaf.Result.Ebx,
        ecx = leaf.Result.Ecx,
        edx = leaf.Result.Edx,
    };
}
