using System.Numerics;
using Hearth.Machine;

namespace Hearth.Devices.Pci;

/// <summary>
/// A base address register: the guest learns its size by writing ones, places it by writing an address, and moves it while
/// the machine runs (PCI 3.0, section 6.2.5.1). Not synchronized: the function's lock is held.
/// </summary>
public sealed class PciBar
{
    // Fixed decoders of the chipset (APICs, HPET, ISA ports) win over a BAR that a guest places on top of them.
    private const int MappingPriority = -1;

    private const uint IoFlag = 1;
    private const uint Memory64Flag = 4;
    private const uint PrefetchableFlag = 8;
    private const ulong MaximumPort = 0xFFFF;

    private readonly IAddressSpace _space;
    private readonly IBusDevice _device;
    private readonly IDeviceMemory? _memory;
    private IDisposable? _mapping;
    private ulong _mappedAt;

    /// <param name="memory">What the guest finds there without asking the device; null for registers.</param>
    internal PciBar(int index, PciBarKind kind, ulong size, IAddressSpace space, IBusDevice device, IDeviceMemory? memory = null)
    {
        ulong minimum = kind == PciBarKind.Io ? 4UL : 16UL;
        if (!BitOperations.IsPow2(size) || size < minimum || size > 1UL << 31)
            throw new MachineException($"A BAR of 0x{size:x} bytes is not possible: a power of two from {minimum} to 2 GiB is.");
        if (index < 0 || index + (kind == PciBarKind.Memory64 ? 2 : 1) > PciRegisters.BarCount)
            throw new MachineException($"There is no base address register {index} for this kind.");
        Index = index;
        Kind = kind;
        Size = size;
        _space = space;
        _device = device;
        _memory = memory;
    }

    /// <summary>0 to 5; a 64-bit BAR takes the next one as well.</summary>
    public int Index { get; }

    public PciBarKind Kind { get; }

    /// <summary>Bytes, a power of two.</summary>
    public ulong Size { get; }

    /// <summary>True while the function answers at the address the guest chose.</summary>
    public bool IsMapped => _mapping is not null;

    /// <summary>The register in configuration space.</summary>
    internal int Register => PciRegisters.FirstBar + (4 * Index);

    private uint Flags => Kind switch
    {
        PciBarKind.Io => IoFlag,
        PciBarKind.Memory64 => Memory64Flag,
        PciBarKind.PrefetchableMemory32 => PrefetchableFlag,
        _ => 0,
    };

    internal void Define(PciConfigurationSpace configuration)
    {
        configuration.DefineUInt32(Register, Flags, (uint)~(Size - 1));
        if (Kind == PciBarKind.Memory64)
            configuration.DefineUInt32(Register + 4, 0, uint.MaxValue);
    }

    /// <summary>The address the guest wrote; while it measures the size, all ones.</summary>
    internal ulong AddressIn(PciConfigurationSpace configuration)
    {
        ulong value = configuration.ReadUInt32(Register);
        if (Kind == PciBarKind.Memory64)
            value |= (ulong)configuration.ReadUInt32(Register + 4) << 32;
        return value & ~(Size - 1);
    }

    /// <summary>Follows the registers: maps, moves or unmaps.</summary>
    internal void Update(PciConfigurationSpace configuration)
    {
        ushort enable = Kind == PciBarKind.Io ? PciRegisters.CommandIo : PciRegisters.CommandMemory;
        ulong address = AddressIn(configuration);
        bool map = (configuration.ReadUInt16(PciRegisters.Command) & enable) != 0 && IsPlausible(address);
        if (map == IsMapped && (!map || address == _mappedAt))
            return;
        _mapping?.Dispose();
        _mapping = map ? _space.MapOverlay(new AddressRange(address, Size), _device, MappingPriority) : null;
        _mappedAt = map ? address : 0;
        _memory?.Place(map ? address : null);
    }

    /// <summary>An unset BAR (zero) and one that is being measured (it reaches the very top) decode nothing.</summary>
    private bool IsPlausible(ulong address)
    {
        ulong last = address + (Size - 1);
        ulong limit = Kind switch
        {
            PciBarKind.Io => MaximumPort,
            PciBarKind.Memory32 or PciBarKind.PrefetchableMemory32 => uint.MaxValue,
            _ => Bus.MemorySpace,
        };
        return address != 0 && last < limit && last != uint.MaxValue;
    }
}
