using Hearth.Devices.Pci;
using Hearth.Devices.Pci.I6300Esb;
using Hearth.Devices.Platform;
using Hearth.Devices.Platform.DebugExit;
using Hearth.Devices.Platform.FwCfg;
using Hearth.Devices.Platform.Hpet;
using Hearth.Devices.Platform.I8042;
using Hearth.Devices.Platform.Pit;
using Hearth.Devices.Platform.PowerManagement;
using Hearth.Devices.Platform.Pvpanic;
using Hearth.Devices.Platform.Rtc;
using Hearth.Devices.Platform.Uart;
using Hearth.Devices.Platform.VmGenId;
using Hearth.Devices.Virtio.Balloon;
using Hearth.Devices.Virtio.Block;
using Hearth.Devices.Virtio.Console;
using Hearth.Devices.Virtio.Entropy;
using Hearth.Devices.Virtio.Network;
using Hearth.Devices.Virtio.Vsock;
using Hearth.Machine;
using Hearth.Protocol;

namespace Hearth.Vm.Composition;

/// <summary>Which devices a guest has, one line each, in the order in which they are created, reset and restored.</summary>
internal static class DeviceCatalogue
{
    private const int TimerInterrupt = 0;
    private const int ClockInterrupt = 8;
    private const int SerialPorts = 4;

    private static readonly TimeSpan s_statisticsInterval = TimeSpan.FromSeconds(1);

    public static IEnumerable<IMachineDevice> Create(
        GuestConfiguration configuration, MachineDescription description, GuestBackends backends, IReclaimableMemory memory, DeviceContext context)
    {
        IMachineDevice Add(IDeviceModule module) => module.Create(context);

        var pit = new GatedLine(context.Line(TimerInterrupt));
        var rtc = new GatedLine(context.Line(ClockInterrupt));
        yield return Add(new HpetModule(pit, rtc));
        yield return Add(new PitModule(pit));
        yield return Add(new RtcModule(rtc, description.CmosMemory));
        for (int i = 0; i < SerialPorts; i++)
            yield return Add(new UartModule(i, i == 0 ? backends.Serial : null));
        yield return Add(new I8042Module());
        PowerManagementDevice power = PowerManagementModule.Create(context);
        yield return power;
        yield return Add(new FwCfgModule(description.Firmware));
        yield return Add(new PvpanicModule());
        yield return Add(new VmGenIdModule(new HostEntropy(), description.GenerationId, power.RaiseGeneralPurposeEvent));
        if (configuration.DebugExitPort is { } port)
            yield return Add(new DebugExitModule(port));

        var pci = new PciBus(context, power.ResetControlPort);
        yield return pci;
        foreach (IMachineDevice function in CreatePci(configuration, backends, memory, pci, context))
            yield return function;
    }

    private static IEnumerable<IMachineDevice> CreatePci(
        GuestConfiguration configuration, GuestBackends backends, IReclaimableMemory memory, PciBus pci, DeviceContext context)
    {
        yield return Plug(pci, new HostBridge(context), 0, 0);
        yield return Plug(pci, new IsaBridge(context, pci), 1, 0);
        yield return Plug(pci, new PowerManagementFunction(context), 1, 3);
        for (int i = 0; i < backends.Disks.Count; i++)
            yield return new VirtioBlockModule(pci, i, backends.Disks[i], $"hearth-disk-{i}").Create(context);
        for (int i = 0; i < backends.Networks.Count; i++)
            yield return new VirtioNetworkModule(pci, i, backends.Networks[i], MacAddress.Parse(configuration.Networks[i].MacAddress)).Create(context);
        if (configuration.EntropyDevice)
            yield return new VirtioEntropyModule(pci, new HostEntropy()).Create(context);
        if (backends.Console is { } console)
            yield return new VirtioConsoleModule(pci, 0, console).Create(context);
        if (backends.Vsock is { } vsock)
            yield return new VirtioVsockModule(pci, vsock, configuration.Vsock!.Cid).Create(context);
        if (configuration.Watchdog is not null)
            yield return new I6300EsbModule(pci).Create(context);
        if (configuration.Balloon is { } balloon)
            yield return new VirtioBalloonModule(pci, memory, balloon, configuration.Statistics ? s_statisticsInterval : TimeSpan.Zero).Create(context);
    }

    private static PciFunction Plug(PciBus pci, PciFunction function, int slot, int number)
    {
        pci.Add(function, slot, number);
        return function;
    }
}
