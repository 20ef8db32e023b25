using System.Numerics;
using Hearth.Machine;

namespace Hearth.Devices.Pci;

/// <summary>The expansion ROM of a function and its base address register (PCI 3.0, section 6.2.5.2). Not synchronized: the function's lock is held for all but reads.</summary>
internal sealed class PciRom : IBusDevice
{
    // Fixed decoders and RAM win over what a guest places on top of them.
    private const int MappingPriority = -1;
    private const uint Enabled = 1;
    private const ulong SmallestSize = 2048;

    private readonly ReadOnlyMemory<byte> _image;
    private readonly IAddressSpace _space;
    private readonly ulong _size;
    private IDisposable? _mapping;
    private ulong _mappedAt;

    /// <param name="image">Not empty; what is missing to a power of two reads as ones.</param>
    public PciRom(ReadOnlyMemory<byte> image, IAddressSpace space)
    {
        _image = image;
        _space = space;
        _size = Math.Max(BitOperations.RoundUpToPowerOf2((ulong)image.Length), SmallestSize);
    }

    public ulong Read(ulong offset, AccessWidth width)
    {
        ulong value = 0;
        ReadOnlySpan<byte> bytes = _image.Span;
        for (int i = 0; i < (int)width; i++)
        {
            int at = (int)offset + i;
            value |= (at < bytes.Length ? bytes[at] : 0xFFUL) << (8 * i);
        }

        return value;
    }

    public void Write(ulong offset, AccessWidth width, ulong value)
    {
    }

    public void Define(PciConfigurationSpace configuration) => configuration.DefineUInt32(PciRegisters.RomAddress, 0, (uint)~(_size - 1) | Enabled);

    /// <summary>Follows the registers: maps, moves or unmaps.</summary>
    public void Update(PciConfigurationSpace configuration)
    {
        uint value = configuration.ReadUInt32(PciRegisters.RomAddress);
        ulong address = value & ~(_size - 1);
        bool map = (value & Enabled) != 0 && (configuration.ReadUInt16(PciRegisters.Command) & PciRegisters.CommandMemory) != 0
            && address != 0 && address + _size <= uint.MaxValue;
        if (map == _mapping is not null && (!map || address == _mappedAt))
            return;
        _mapping?.Dispose();
        _mapping = map ? _space.MapOverlay(new AddressRange(address, _size), this, MappingPriority) : null;
        _mappedAt = address;
    }
}
