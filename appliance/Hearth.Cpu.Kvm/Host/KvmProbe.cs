using System.Diagnostics;
using Hearth.Cpu.Kvm.Interop;
using Hearth.Linux;

namespace Hearth.Cpu.Kvm;

/// <summary>Finds out whether KVM is of use here: by running guest code, because a device that opens says nothing.</summary>
/// <remarks>
/// There are hosts, mostly virtual ones, where /dev/kvm opens, a machine can be created, and the host's kernel then interprets the guest's instructions
/// one by one, hundreds of times too slowly. A loop of a few thousand instructions tells them apart.
/// </remarks>
public static unsafe class KvmProbe
{
    /// <summary>No run begins later. Each takes twice as long as the one before, so that all together take at most twice this.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(12);

    /// <summary>Rounds of a loop of two instructions a second: a processor does a thousand million, one that is itself translated fifty, an interpreting kernel one.</summary>
    public const double SlowestUsable = 10e6;

    private const uint FirstRounds = 500;
    private const uint MostRounds = 1 << 20;
    private const int MemoryLength = 0x8000;

    /// <summary>Looks at a KVM device.</summary>
    public static KvmFinding Run(string path = KvmDevice.DefaultPath)
    {
        if (!File.Exists(path))
            return KvmFinding.Unusable($"{path} is not there: the kernel has no KVM, or the processor no virtualization, or the firmware has it switched off");
        try
        {
            using KvmDevice device = KvmDevice.Open(path);
            return Measure(device);
        }
        catch (LinuxException error)
        {
            return KvmFinding.Unusable(error.Message);
        }
        catch (KvmException error)
        {
            return KvmFinding.Unusable(error.Message);
        }
    }

    private static KvmFinding Measure(KvmDevice device)
    {
        using var memory = MappedMemory.Anonymous(MemoryLength);
        using KvmMachine machine = device.CreateMachine();
        machine.SetMemory(0, 0, memory.Address, MemoryLength);
        using KvmVcpuHandle vcpu = machine.CreateVcpu(0);
        ProbeGuest.Write(new Span<byte>(memory.Address, MemoryLength));
        ProbeGuest.EnterLongMode(vcpu);

        double best = 0;
        long start = Stopwatch.GetTimestamp();
        for (uint rounds = FirstRounds; Stopwatch.GetElapsedTime(start) < Longest; rounds = Math.Min(rounds * 2, MostRounds))
        {
            vcpu.SetRegisters(ProbeGuest.Start(rounds));
            long from = Stopwatch.GetTimestamp();
            KvmExit exit = vcpu.Run();
            double seconds = Stopwatch.GetElapsedTime(from).TotalSeconds;
            if (exit == KvmExit.Interrupted)
                continue;
            if (exit != KvmExit.Halt || vcpu.GetRegisters().rcx != 0)
                return KvmFinding.Unusable($"KVM does not run a guest's code: it stops with {exit}");
            best = Math.Max(best, rounds / seconds);
            if (best >= SlowestUsable && rounds == MostRounds)
                break;
        }

        return best >= SlowestUsable
            ? KvmFinding.Usable(best)
            : KvmFinding.TooSlow(best, $"KVM runs a guest's code far too slowly ({best / 1e6:F1} million rounds of a loop a second; {SlowestUsable / 1e6:F0} are the least): the host's kernel interprets it");
    }
}
