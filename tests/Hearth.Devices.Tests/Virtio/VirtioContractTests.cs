using Hearth.Devices.Tests.Input;
using Hearth.Devices.Tests.Pci;
using Hearth.Devices.Virtio;
using Hearth.Devices.Virtio.Balloon;
using Hearth.Devices.Virtio.Block;
using Hearth.Devices.Virtio.Console;
using Hearth.Devices.Virtio.Entropy;
using Hearth.Devices.Virtio.Gpu;
using Hearth.Devices.Virtio.Input;
using Hearth.Devices.Virtio.Network;
using Hearth.Devices.Virtio.Vsock;
using Hearth.Machine;
using Hearth.Testing;

namespace Hearth.Devices.Tests.Virtio;

/// <summary>The contract of every device, for a virtio device behind its PCI transport.</summary>
public abstract class VirtioContractTests : DeviceContractTests
{
    protected override IMachineDevice Create(TestMachine machine)
    {
        var function = new VirtioPciFunction(CreateDevice(machine), machine.Context);
        return new AssignedMachinePart(machine, function);
    }

    /// <summary>Negotiates, chooses vectors and switches MSI-X by the seed; rings are not enabled, RAM is not part of the state.</summary>
    protected override void Stimulate(TestMachine machine, IMachineDevice device, int seed)
    {
        var function = (VirtioPciFunction)((AssignedMachinePart)device).Function;
        function.Write(0x14, AccessWidth.Byte, 0);
        function.Write(0x14, AccessWidth.Byte, 3);
        function.Write(0x08, AccessWidth.Dword, 1);
        function.Write(0x0C, AccessWidth.Dword, 1);
        function.Write(0x14, AccessWidth.Byte, 11);
        function.Write(0x1A, AccessWidth.Word, (ulong)seed % 3);
        function.Write(0x20, AccessWidth.Qword, (ulong)seed << 12);
        function.WriteConfiguration(0x42, AccessWidth.Word, (uint)(seed % 4) << 14);
        function.Write(0x14, AccessWidth.Byte, seed % 2 == 0 ? 11UL : 15UL);
    }

    private protected abstract VirtioDevice CreateDevice(TestMachine machine);
}

public class VirtioEchoContractTests : VirtioContractTests
{
    protected override void Stimulate(TestMachine machine, IMachineDevice device, int seed)
    {
        base.Stimulate(machine, device, seed);
        ((EchoDevice)((VirtioPciFunction)((AssignedMachinePart)device).Function).Device).ChangeConfiguration();
    }

    private protected override VirtioDevice CreateDevice(TestMachine machine) => new EchoDevice(machine.Context);
}

public class VirtioBlockContractTests : VirtioContractTests
{
    private protected override VirtioDevice CreateDevice(TestMachine machine) =>
        new VirtioBlockDevice("virtio-blk0", new FakeBlockBackend(), "serial", machine.Context);
}

public class VirtioNetworkContractTests : VirtioContractTests
{
    private protected override VirtioDevice CreateDevice(TestMachine machine) =>
        new VirtioNetworkDevice("virtio-net0", new FakeNetworkPort(), MacAddress.Parse("52:54:00:00:00:01"), 0, machine.Context);
}

public class VirtioEntropyContractTests : VirtioContractTests
{
    private protected override VirtioDevice CreateDevice(TestMachine machine) =>
        new VirtioEntropyDevice("virtio-rng0", new VirtioEntropyDeviceTests.FixedEntropy(), machine.Context);
}

public class VirtioConsoleContractTests : VirtioContractTests
{
    private protected override VirtioDevice CreateDevice(TestMachine machine) =>
        new VirtioConsoleDevice("virtio-console0", new VirtioConsoleDeviceTests.FakeCharacterPort(), machine.Context);
}

public class VirtioGpuContractTests : VirtioContractTests
{
    private protected override VirtioDevice CreateDevice(TestMachine machine) =>
        new VirtioGpuDevice("virtio-gpu0", new FakeDisplay(new DisplaySize(1024, 768), new DisplaySize(800, 600)), new FakeWorker(), machine.Context);
}

public class VirtioKeyboardContractTests : VirtioInputContractTests
{
    private protected override InputDeviceKind Kind => InputDeviceKind.Keyboard;
}

public class VirtioTouchscreenContractTests : VirtioInputContractTests
{
    private protected override InputDeviceKind Kind => InputDeviceKind.Touchscreen;
}

public class VirtioGamepadContractTests : VirtioInputContractTests
{
    private protected override InputDeviceKind Kind => InputDeviceKind.Gamepad;
}

/// <summary>With keys down, fingers on the screen and movement that nobody fetched.</summary>
public abstract class VirtioInputContractTests : VirtioContractTests
{
    protected override void Stimulate(TestMachine machine, IMachineDevice device, int seed)
    {
        base.Stimulate(machine, device, seed);
        var input = (VirtioInputDevice)((VirtioPciFunction)((AssignedMachinePart)device).Function).Device;
        var random = new Random(seed);
        for (int i = 0; i < 100; i++)
            input.Report([new((ushort)random.Next(1, 4), (ushort)random.Next(0x180), random.Next(-2, 40_000))]);
    }

    private protected abstract InputDeviceKind Kind { get; }

    private protected override VirtioDevice CreateDevice(TestMachine machine) => new VirtioInputDevice("virtio-input0", Kind, new RecordingObserver(), machine.Context);
}

public class VirtioBalloonContractTests : VirtioContractTests
{
    private protected override VirtioDevice CreateDevice(TestMachine machine) =>
        new VirtioBalloonDevice("virtio-balloon0", machine.Ram, 0x8_0000, TimeSpan.FromSeconds(1), machine.Context);
}

public class VirtioVsockContractTests : VirtioContractTests
{
    private protected override VirtioDevice CreateDevice(TestMachine machine) =>
        new VirtioVsockDevice("virtio-vsock0", new FakeVsockHost(), 3, machine.Context);
}
