using System.Buffers.Binary;
using System.Text;

namespace Hearth.Cpu;

/// <summary>Makes a vCPU's CPUID table from its model, its place, and the frequency of its time-stamp counter.</summary>
public static class CpuidBuilder
{
    /// <summary>The clock of the local APIC's timer in Hz.</summary>
    public const uint ApicTimerFrequency = 1_000_000_000;

    private const uint HighestBasic = 0x16;

    /// <summary>The highest subleaf of leaf 7.</summary>
    private const int HighestFeatures = 2;
    private const uint HighestExtended = 0x8000_0008;

    /// <param name="tscFrequency">Ticks a second.</param>
    public static CpuidTable Build(
        CpuModel model, CpuTopology topology, ulong tscFrequency, SpeculationControls speculation, ParavirtualInterface paravirtual = ParavirtualInterface.Kvm)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(speculation);
        IReadOnlyList<CpuFeature> features = [.. model.Features, .. speculation.Features];
        List<CpuidLeaf> leaves =
        [
            new(0, -1, Text(HighestBasic, "GenuineIntel")),
            new(1, -1, Version(model, features, topology)),
            new(2, -1, new CpuidResult(0x00FF_FF01, 0, 0, 0)), // the caches are in leaf 4
            .. Caches(topology),
            new(6, -1, new CpuidResult(1 << 2, 0, 0, 0)), // ARAT: the APIC timer never stops
            new(7, 0, Features(features, 7, 0) with { Eax = HighestFeatures }),
            new(7, 1, Features(features, 7, 1)),
            new(7, HighestFeatures, Features(features, 7, HighestFeatures)),
            .. CoreLevels(topology),
            .. StateAreas(model, features),
            .. Frequencies(tscFrequency),
            .. HypervisorLeaves.Of(paravirtual, tscFrequency),
            .. Extended(model, features, topology),
        ];
        return new CpuidTable(leaves, topology);
    }

    private static CpuidResult Version(CpuModel model, IReadOnlyList<CpuFeature> all, CpuTopology topology)
    {
        CpuidResult features = Features(all, 1, 0);
        const uint ClflushEightBytes = 8 << 8;
        uint ebx = ((uint)topology.ApicId << 24) | ((uint)Math.Min(1 << topology.CoreBits, 255) << 16) | ClflushEightBytes;
        uint multithreaded = topology.Count > 1 ? 1U << 28 : 0;
        return new CpuidResult(model.Signature.Eax, ebx, features.Ecx, features.Edx | multithreaded);
    }

    /// <summary>Leaf 4: 32 KiB L1 data and code, 256 KiB L2 a core, 8 MiB L3 for all; lines of 64 bytes.</summary>
    private static IEnumerable<CpuidLeaf> Caches(CpuTopology topology)
    {
        uint cores = ((1U << topology.CoreBits) - 1) << 26;
        uint shared = ((1U << topology.CoreBits) - 1) << 14;
        yield return new(4, 0, new CpuidResult(cores | 0x121, Ways(8), 63, 0));
        yield return new(4, 1, new CpuidResult(cores | 0x122, Ways(8), 63, 0));
        yield return new(4, 2, new CpuidResult(cores | 0x143, Ways(8), 511, 0));
        yield return new(4, 3, new CpuidResult(cores | shared | 0x163, Ways(16), 8191, 0));
    }

    private static uint Ways(uint ways) => ((ways - 1) << 22) | 63;

    /// <summary>Leaf 0xB: one thread a core, all cores in one package.</summary>
    private static IEnumerable<CpuidLeaf> CoreLevels(CpuTopology topology)
    {
        uint id = (uint)topology.ApicId;
        yield return new(0xB, 0, new CpuidResult(0, 1, 0x100, id));
        yield return new(0xB, 1, new CpuidResult((uint)topology.CoreBits, (uint)topology.Count, 0x201, id));
    }

    /// <summary>Leaf 0xD: x87, SSE and AVX in the standard format. EBX of subleaf 0 follows XCR0.</summary>
    private static IEnumerable<CpuidLeaf> StateAreas(CpuModel model, IReadOnlyList<CpuFeature> all)
    {
        const uint LegacyAndHeader = 576;
        uint size = (model.StateMask & 4) != 0 ? LegacyAndHeader + 256 : LegacyAndHeader;
        if (model.StateMask == 0)
        {
            yield return new(0xD, 0, default);
            yield break;
        }

        yield return new(0xD, 0, new CpuidResult((uint)model.StateMask, size, size, 0));
        yield return new(0xD, 1, new CpuidResult(Features(all, 0xD, 1).Eax, 0, 0, 0));
        yield return new(0xD, 2, new CpuidResult(256, LegacyAndHeader, 0, 0));
    }

    /// <summary>
    /// Leaves 0x15 and 0x16: the TSC.
    /// </summary>
    /// <remarks>
    /// The crystal of leaf 0x15 is the TSC itself, halved until it fits into 32 bits. Linux multiplies crystal and ratio in
    /// 32 bits; with the APIC timer's clock as crystal, as real processors have it, the frequency would be up to 100
    /// millionths off. Linux uses the TSC deadline, and does not notice.
    /// </remarks>
    private static IEnumerable<CpuidLeaf> Frequencies(ulong tsc)
    {
        uint ratio = 1;
        while (tsc / ratio > uint.MaxValue)
            ratio *= 2;
        uint megahertz = (uint)(tsc / 1_000_000);
        yield return new(0x15, -1, new CpuidResult(1, ratio, (uint)(tsc / ratio), 0));
        yield return new(0x16, -1, new CpuidResult(megahertz, megahertz, 100, 0));
    }

    private static IEnumerable<CpuidLeaf> Extended(CpuModel model, IReadOnlyList<CpuFeature> all, CpuTopology topology)
    {
        yield return new(0x8000_0000, -1, new CpuidResult(HighestExtended, 0, 0, 0));
        yield return new(0x8000_0001, -1, Features(all, 0x8000_0001, 0));
        byte[] brand = new byte[48];
        Encoding.ASCII.GetBytes(model.Brand, brand.AsSpan(0, 47));
        for (uint i = 0; i < 3; i++)
            yield return new(0x8000_0002 + i, -1, Words(brand.AsSpan((int)i * 16, 16)));
        yield return new(0x8000_0006, -1, new CpuidResult(0, 0, (256 << 16) | (6 << 12) | 64, 0));
        yield return new(0x8000_0007, -1, Features(all, 0x8000_0007, 0));
        const uint Widths = CpuModel.PhysicalAddressBits | (CpuModel.LinearAddressBits << 8);
        uint cores = ((uint)topology.CoreBits << 12) | (uint)(topology.Count - 1);
        yield return new(0x8000_0008, -1, new CpuidResult(Widths, 0, cores, 0));
    }

    internal static CpuidResult Features(IReadOnlyList<CpuFeature> all, uint leaf, uint subleaf)
    {
        Span<uint> registers = stackalloc uint[4];
        foreach (CpuFeature feature in all)
        {
            if (feature.Leaf == leaf && feature.Subleaf == subleaf)
                registers[(int)feature.Register] |= 1U << feature.Bit;
        }

        return new CpuidResult(registers[0], registers[1], registers[2], registers[3]);
    }

    /// <summary>Twelve characters: a vendor's stand in EBX, EDX, ECX, a hypervisor's in EBX, ECX, EDX.</summary>
    internal static CpuidResult Text(uint eax, string text, bool inOrder = false)
    {
        byte[] bytes = new byte[16];
        Encoding.ASCII.GetBytes(text, bytes.AsSpan(4));
        CpuidResult words = Words(bytes);
        return inOrder ? words with { Eax = eax } : new CpuidResult(eax, words.Ebx, words.Edx, words.Ecx);
    }

    private static CpuidResult Words(ReadOnlySpan<byte> bytes) => new(
        BinaryPrimitives.ReadUInt32LittleEndian(bytes),
        BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]),
        BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]),
        BinaryPrimitives.ReadUInt32LittleEndian(bytes[12..]));
}
