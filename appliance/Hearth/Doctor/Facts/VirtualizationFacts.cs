namespace Hearth.Doctor.Facts;

/// <summary>What the kernel has for virtual machines, apart from whether guests run on it.</summary>
/// <param name="KvmModules">Parts of KVM in the kernel, for example <c>kvm_amd</c>.</param>
/// <param name="Iommus">IOMMU units that are switched on.</param>
/// <param name="IommuGroups">How many groups of devices they keep apart; 0 when there is no IOMMU or it is off.</param>
internal sealed record VirtualizationFacts(IReadOnlyList<string> KvmModules, IReadOnlyList<string> Iommus, int IommuGroups);
