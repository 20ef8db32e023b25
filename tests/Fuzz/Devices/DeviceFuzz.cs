using System.Diagnostics;
using Hearth.Devices.Platform.Hpet;
using Hearth.Devices.Platform.Pit;
using Hearth.Devices.Platform.Pvpanic;
using Hearth.Devices.Platform.Rtc;
using Hearth.Machine;

namespace Hearth.Fuzz.Devices;

/// <summary>Random operations on a device, seeded and repeatable: none may throw, hang, or make it take more and more memory.</summary>
internal static class DeviceFuzz
{
    // Operations between two looks at what must always hold.
    private const int CheckInterval = 1 << 16;

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    private static readonly Dictionary<string, Func<IFuzzTarget>> s_targets = new()
    {
        ["hda"] = () => new HdaTarget(),
        ["ide"] = () => new IdeTarget(),
        ["vga"] = () => new VgaTarget(),
        ["virtio-balloon"] = () => new VirtioBalloonTarget(),
        ["virtio-blk"] = () => new VirtioBlockTarget(),
        ["virtio-console"] = () => new VirtioConsoleTarget(),
        ["virtio-gpu"] = () => new VirtioGpuTarget(),
        ["virtio-input"] = () => new VirtioInputTarget(),
        ["virtio-net"] = () => new VirtioNetworkTarget(),
        ["virtio-rng"] = () => new VirtioEntropyTarget(),
        ["virtio-vsock"] = () => new VirtioVsockTarget(),
        ["i6300esb"] = () => new WatchdogTarget(),
        ["pci"] = () => new PciBusTarget(),
        ["i8042"] = () => new I8042Target(),
        ["uart"] = () => new UartTarget(),
        ["rtc"] = () => new BoardTarget(machine => [new RtcModule(machine.Line(8), new CmosMemorySize(128 << 20, 0)).Create(machine.Context)]),
        ["pit"] = () => new BoardTarget(machine => [new PitModule(machine.Line(0)).Create(machine.Context)]),
        ["hpet"] = () => new BoardTarget(machine => [new HpetModule(new GatedLine(machine.Line(1)), new GatedLine(machine.Line(2))).Create(machine.Context)]),
        ["interrupts"] = () => new InterruptTarget(),
        ["fw-cfg"] = () => new FwCfgTarget(),
        ["power-management"] = () => new PowerTarget(),
        ["pvpanic"] = () => new BoardTarget(machine => [new PvpanicModule().Create(machine.Context)]),
    };

    public static IReadOnlyCollection<string> Names => s_targets.Keys;

    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <returns>Null, or what went wrong, with the operation at which it did.</returns>
    public static string? Run(string name, int seed, long operations)
    {
        IFuzzTarget target = s_targets[name]();
        using var resources = target as IDisposable;
        var random = new Random(seed);
        Action act = () => target.Act(random);
        long before = GC.GetTotalMemory(forceFullCollection: true);
        for (long operation = 0; operation < operations; operation++)
        {
            long start = Stopwatch.GetTimestamp();
            string? failure = Try(act);
            if (failure is null && Stopwatch.GetElapsedTime(start) > s_patience)
                failure = $"it took more than {s_patience.TotalSeconds} s";
            if (failure is null && (operation % CheckInterval == CheckInterval - 1 || operation == operations - 1))
                failure = Try(target.Check) ?? CheckMemory(target, before);
            if (failure is not null)
                return $"{name}, seed {seed}, operation {operation}: {failure}";
        }

        GC.KeepAlive(target);
        return null;
    }

    private static string? CheckMemory(IFuzzTarget target, long before)
    {
        // What is garbage counts at first: only when it looks like too much it is worth while to collect it.
        if (GC.GetTotalMemory(forceFullCollection: false) - before <= target.MemoryLimit)
            return null;
        long growth = GC.GetTotalMemory(forceFullCollection: true) - before;
        return growth > target.MemoryLimit ? $"it holds {growth >> 20} MiB more than at the start" : null;
    }

    private static string? Try(Action action)
    {
        try
        {
            action();
            return null;
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            return error.ToString();
        }
    }
}
