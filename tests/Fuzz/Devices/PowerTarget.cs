using Hearth.Devices.Platform.PowerManagement;
using Hearth.Machine;

namespace Hearth.Fuzz.Devices;

/// <summary>ACPI power management, with its button.</summary>
internal sealed class PowerTarget : BoardTarget, IDisposable
{
    private readonly PowerManagementDevice _device;

    public PowerTarget()
        : base(machine => [PowerManagementModule.Create(machine.Context)])
    {
        _device = (PowerManagementDevice)Parts[0];
        Machine.Ports.Map(new AddressRange(0xCF9, 1), _device.ResetControlPort);
    }

    public void Dispose() => _device.Dispose();

    protected override void ActFromOutside(Random random)
    {
        if (random.Next(2) == 0)
            _device.PressPowerButton();
        else
            _device.RaiseGeneralPurposeEvent(random.Next(16));
        base.ActFromOutside(random);
    }
}
