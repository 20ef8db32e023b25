using Hearth.Machine;

namespace Hearth.Devices.Platform.DebugConsole;

/// <summary>The port to which firmware writes what it does (QEMU's isa-debugcon): each byte is a character. It has no state.</summary>
public sealed class DebugConsoleDevice(ICharacterPort port) : IMachineDevice, IBusDevice
{
    /// <summary>What it reads as, by which firmware knows that somebody listens.</summary>
    private const byte Present = 0xE9;

    public string Name => "debug-console";

    public ulong Read(ulong offset, AccessWidth width) => Present;

    public void Write(ulong offset, AccessWidth width, ulong value) => port.Write([(byte)value]);

    public void Reset()
    {
    }

    public void Save(IStateWriter to)
    {
    }

    public void Restore(IStateReader from)
    {
    }
}
