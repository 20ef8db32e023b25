using Hearth.Devices.Pci;
using Hearth.Devices.Pci.I6300Esb;
using Hearth.Devices.Platform;
using Hearth.Devices.Platform.DebugConsole;
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
using Hearth.Devices.Sound.Hda;
using Hearth.Devices.Storage.Ide;
using Hearth.Devices.Video.Vga;
using Hearth.Devices.Virtio.Balloon;
using Hearth.Devices.Virtio.Block;
using Hearth.Devices.Virtio.Console;
using Hearth.Devices.Virtio.Entropy;
using Hearth.Devices.Virtio.Gpu;
using Hearth.Devices.Virtio.Input;
using Hearth.Devices.Virtio.Network;
using Hearth.Devices.Virtio.Vsock;
using Hearth.Machine;
using Hearth.Memory;
using Hearth.Protocol;
using Hearth.Vm.Input;

namespace Hearth.Vm.Composition;

/// <summary>Which devices a guest has, one line each, in the order in which they are created, reset and restored.</summary>
internal static class DeviceCatalogue
{
    private const int TimerInterrupt = 0;
    private const int ClockInterrupt = 8;
    private const int SerialPorts = 4;
    private const string StandardCard = "std";
    private const int SoundSlot = 4;
    private static readonly TimeSpan s_statisticsInterval = TimeSpan.FromSeconds(1);

    /// <summary>Bytes of memory that devices need which the guest reaches as it does RAM.</summary>
    public static int DeviceMemoryOf(GuestConfiguration configuration) => configuration.Display?.Card == StandardCard ? VgaModule.MemoryLength : 0;

    public static IEnumerable<IMachineDevice> Create(
        GuestConfiguration configuration, MachineDescription description, GuestBackends backends, MappedDevices mapped, DeviceContext context)
    {
        IMachineDevice Add(IDeviceModule module) => module.Create(context);

        var pit = new GatedLine(context.Line(TimerInterrupt));
        var rtc = new GatedLine(context.Line(ClockInterrupt));
        yield return Add(new HpetModule(pit, rtc));
        yield return Add(new PitModule(pit));
        yield return Add(new RtcModule(rtc, description.CmosMemory, BootOrder.Cmos(configuration)));
        for (int i = 0; i < SerialPorts; i++)
            yield return Add(new UartModule(i, i == 0 ? backends.Serial : null));
        yield return CreateKeyboardController(backends.Input, context);
        PowerManagementDevice power = PowerManagementModule.Create(context);
        yield return power;
        yield return Add(new PvpanicModule());
        yield return Add(new VmGenIdModule(new HostEntropy(), description.GenerationId, power.RaiseGeneralPurposeEvent));
        if (configuration.DebugExitPort is { } port)
            yield return Add(new DebugExitModule(port));
        if (backends.FirmwareLog is { } log)
            yield return Add(new DebugConsoleModule(log));

        // The host bridge steers it.
        if (mapped.Shadow is not null)
            yield return mapped.Shadow;
        var pci = new PciBus(context, power.ResetControlPort);
        yield return pci;
        foreach (IMachineDevice function in CreatePci(configuration, backends, mapped, pci, context))
            yield return function;

        // Complete only now: firmware is told where the devices are.
        if (mapped.Shadow is not null)
            FirmwareFiles.AddBoot(description.Firmware, configuration, pci, configuration.Display is null ? UartModule.PortBase(0) : null);
        yield return Add(new FwCfgModule(description.Firmware));
    }

    private static IEnumerable<IMachineDevice> CreatePci(
        GuestConfiguration configuration, GuestBackends backends, MappedDevices mapped, PciBus pci, DeviceContext context)
    {
        yield return Plug(pci, new HostBridge(context, mapped.Shadow), 0, 0);
        yield return Plug(pci, new IsaBridge(context, pci), 1, 0);
        yield return Plug(pci, new PowerManagementFunction(context), 1, 3);
        var layout = new DriveLayout(configuration);
        if (!layout.IsEmpty)
            yield return new IdeModule(pci, layout.Units(backends.Disks, backends.Discs)).Create(context);
        if (backends.Display is { } display)
        {
            yield return mapped.FrameBuffer is { } frameBuffer
                ? new VgaModule(pci, display, frameBuffer, backends.VgaFirmware).Create(context)
                : new VirtioGpuModule(pci, 0, display, backends.DisplayWorker!).Create(context);
        }

        if (backends.Sound is { } sound)
            yield return new HdaModule(pci, sound, SoundSlot).Create(context);
        for (int i = 0; i < backends.Disks.Count; i++)
        {
            if (configuration.Disks[i].Bus != DiskConfiguration.Ide)
                yield return new VirtioBlockModule(pci, i, backends.Disks[i], $"hearth-disk-{i}").Create(context);
        }

        for (int i = 0; i < backends.Networks.Count; i++)
            yield return new VirtioNetworkModule(pci, i, backends.Networks[i], MacAddress.Parse(configuration.Networks[i].MacAddress)).Create(context);
        if (configuration.EntropyDevice)
            yield return new VirtioEntropyModule(pci, new HostEntropy()).Create(context);
        if (backends.Console is { } console)
            yield return new VirtioConsoleModule(pci, 0, console).Create(context);
        foreach (InputDeviceKind kind in backends.Input.Devices)
            yield return new VirtioInputModule(pci, kind, backends.Input.Router).Create(context);
        if (backends.Vsock is { } vsock)
            yield return new VirtioVsockModule(pci, vsock, configuration.Vsock!.Cid).Create(context);
        if (configuration.Watchdog is not null)
            yield return new I6300EsbModule(pci).Create(context);
        if (configuration.Balloon is { } balloon)
            yield return new VirtioBalloonModule(pci, mapped.Ram, balloon, configuration.Statistics ? s_statisticsInterval : TimeSpan.Zero).Create(context);
    }

    private static I8042Device CreateKeyboardController(GuestInput input, DeviceContext context)
    {
        I8042Device controller = I8042Module.Create(context);
        input.Router.AddFallback(new Ps2KeyboardInput(controller, input.Router));
        input.Router.AddFallback(new Ps2MouseInput(controller));
        return controller;
    }

    private static PciFunction Plug(PciBus pci, PciFunction function, int slot, int number)
    {
        pci.Add(function, slot, number);
        return function;
    }
}
