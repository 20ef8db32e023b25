using Hearth.Machine;

namespace Hearth.Devices.Platform.VmGenId;

/// <summary>
/// The virtual machine generation identifier (Microsoft, "Virtual Machine Generation ID", 2012): 128 random bits in the guest's memory that are others
/// whenever the guest goes on from a saved state, which more than one machine could do. A guest that is notified throws away what must not be used twice: its
/// random numbers above all.
/// </summary>
public sealed class VmGenIdDevice : IMachineDevice
{
    /// <summary>Bytes of the identifier.</summary>
    public const int Length = 16;

    private readonly IGuestMemory _ram;
    private readonly IEntropySource _entropy;
    private readonly GuestAddress _address;
    private readonly Action _notify;
    private readonly byte[] _identifier = new byte[Length];

    /// <param name="address">Where the guest finds the identifier, as the ACPI tables say: a multiple of 8, in memory the guest leaves alone.</param>
    /// <param name="notify">Raises the event whose method notifies the guest's driver.</param>
    public VmGenIdDevice(IGuestMemory ram, IEntropySource entropy, GuestAddress address, Action notify)
    {
        ArgumentNullException.ThrowIfNull(entropy);
        _ram = ram;
        _entropy = entropy;
        _address = address;
        _notify = notify;
        entropy.Fill(_identifier);
    }

    public string Name => "vmgenid";

    /// <summary>A reset is no new generation: the identifier is written as firmware would.</summary>
    public void Reset() => Write();

    /// <summary>The identifier is in RAM, and is another one after a restore.</summary>
    public void Save(IStateWriter to)
    {
    }

    public void Restore(IStateReader from)
    {
        _entropy.Fill(_identifier);
        Write();
        _notify();
    }

    private void Write()
    {
        if (!_ram.TryWrite(_address, _identifier))
            throw new MachineException($"the generation identifier at {_address} lies outside the guest's memory");
    }
}
