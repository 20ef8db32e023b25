using Hearth.Machine;

namespace Hearth.Devices.Tests.Input;

/// <summary>Counts what it hears.</summary>
internal sealed class RecordingObserver : IInputObserver
{
    public int Changes { get; private set; }

    public void LightsChanged(IInputDevice device) => Changes++;
}
