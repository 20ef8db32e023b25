namespace Hearth.Machine;

/// <summary>A device that has figures to show when the guest has ended.</summary>
public interface IDeviceFigures
{
    IReadOnlyList<DeviceFigure> Figures();
}
