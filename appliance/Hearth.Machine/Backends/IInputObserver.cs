namespace Hearth.Machine;

/// <summary>Hears of what a guest does with its input devices.</summary>
public interface IInputObserver
{
    /// <summary>The guest switched lights, which <see cref="IInputDevice.Lights"/> has. On any thread, without the device's lock.</summary>
    void LightsChanged(IInputDevice device);
}
