using Hearth.Cpu;
using Hearth.Linux;
using Hearth.Memory;
using Hearth.Protocol;
using Hearth.Testing;
using Hearth.Vm.Composition;
using Hearth.Vm.Hosting;
using Hearth.Vm.Running;
using Hearth.Vm.Saving;
using Hearth.Vm.Tests.Boot;

namespace Hearth.Vm.Tests.Running;

/// <summary>A whole machine on a <see cref="ScriptedEngine"/>, with a small bzImage to boot.</summary>
internal sealed class TestGuestMachine : IDisposable
{
    public const ulong Memory = 64 << 20;

    private readonly GuestBackends _backends;

    /// <param name="bootable">There is a kernel to boot.</param>
    public TestGuestMachine(int cpus = 1, bool bootable = true, ulong memory = Memory)
    {
        var configuration = new GuestConfiguration
        {
            Memory = memory,
            Cpus = cpus,
            Kernel = bootable ? new OpenFile(KernelFile(), "kernel") : null,
            DebugExitPort = 0xF4,
        };
        _backends = GuestBackends.Open(configuration, () => { }, _ => { });
        Machine = new GuestMachine(
            configuration, new EngineOptions(CpuModel.X64Version2, cpus, 1_000_000_000, ParavirtualInterface.Kvm), (ram, _) => MakeEngine(ram), _backends, Events, new FakeDeviceLog());
    }

    public ScriptedEngine Engine { get; } = new();

    public MachineEvents Events { get; } = new();

    public GuestMachine Machine { get; }

    public ScriptedVcpu Bootstrap => Engine.Vcpus[0];

    /// <summary>What the user was told.</summary>
    public List<string> Told { get; } = [];

    public GuestOutcome Run(bool exitOnReset = true, GuestFile? file = null, WatchdogAction watchdog = WatchdogAction.Reset, HostedGuest? hosted = null)
    {
        Machine.PowerOn();
        return new GuestRun(Machine, Events, exitOnReset, file, Told.Add, watchdog, hosted).Run();
    }

    public void Dispose()
    {
        Machine.Dispose();
        _backends.Dispose();
        Events.Dispose();
    }

    private ScriptedEngine MakeEngine(GuestRam ram)
    {
        Engine.Ram = ram;
        return Engine;
    }

    // The machine takes the descriptor over.
    private static int KernelFile()
    {
        byte[] image = TestKernels.BzImage();
        FileDescriptor file = FileDescriptor.CreateMemory("kernel", 0);
        file.Write(image);
        return file.Number;
    }
}
