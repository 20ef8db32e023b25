using Hearth.Doctor.Facts;

namespace Hearth.Doctor.Reading;

/// <summary>Reads what the kernel has of KVM, and its IOMMUs.</summary>
internal static class VirtualizationReader
{
    public static VirtualizationFacts Read(HostTree tree) => new(
        [.. tree.List("sys/module").Where(name => name == "kvm" || name.StartsWith("kvm_", StringComparison.Ordinal))],
        tree.List("sys/class/iommu"),
        tree.List("sys/kernel/iommu_groups").Count);
}
