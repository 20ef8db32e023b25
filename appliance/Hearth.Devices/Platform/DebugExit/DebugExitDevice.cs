using Hearth.Machine;

namespace Hearth.Devices.Platform.DebugExit;

/// <summary>
/// The debug-exit port: a test program writes its result and the process ends with <c>(value &lt;&lt; 1) | 1</c> (QEMU's
/// isa-debug-exit). It has no state.
/// </summary>
public sealed class DebugExitDevice(IMachineControl control) : IMachineDevice, IBusDevice
{
    public string Name => "debug-exit";

    public ulong Read(ulong offset, AccessWidth width) => 0;

    public void Write(ulong offset, AccessWidth width, ulong value) => control.DebugExit((uint)value);

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
