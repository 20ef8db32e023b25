using System.Diagnostics;
using Hearth.Cpu.Kvm.Interop;
using Hearth.Linux;

namespace Hearth.Cpu.Kvm;

/// <summary>Finds out whether KVM is of use here: by running guest code, because a device that opens says nothing.</summary>
/// <remarks>
/// There are hosts, mostly virtual ones, where /dev/kvm opens, a machine can be created, and the host's kernel then interprets the guest's instructions
/// one by one, hundreds of times too slowly. A loop of a few thousand instructions tells them apart.
/// </remarks>
internal static unsafe class KvmProbe
{
    /// <summary>What the runs of one attempt may take together. A run is not begun that would end later, going by the one before.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(45);

    /// <summary>Rounds of a loop of two instructions a second: a processor does a thousand million, one that is itself translated a hundred, an interpreting kernel half a one.</summary>
    public const double SlowestUsable = 10e6;

    /// <summary>A guest that is not back by then never will be: this is asked at every start.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    // Where the host has other work a run may be held up for so long that it leaves no time for others, and tells nothing: then once more. A kernel that
    // interprets has time for five runs.
    private const int FewestRuns = 3;
    private const int MostAttempts = 4;
    private const uint FirstRounds = 500;
    private const uint MostRounds = 1 << 20;
    private const int MemoryLength = 0x8000;

    public static KvmFinding Run(KvmDevice device)
    {
        try
        {
            return Measure(device);
        }
        catch (LinuxException error)
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
        using var mailbox = new VcpuMailbox(vcpu.Shared);
        using var limit = new Timer(_ => mailbox.Post(VcpuRequests.Stop), null, s_patience, Timeout.InfiniteTimeSpan);
        mailbox.Attach();

        // SAFETY: the span is the mapping, which is unmapped after the machine.
        ProbeGuest.Write(new Span<byte>(memory.Address, MemoryLength));
        ProbeGuest.EnterLongMode(vcpu);

        // The first run brings in the guest's pages, and is no measure.
        if (TryRun(vcpu, mailbox, 1, out _) is { } broken)
            return broken;
        double best = 0;
        int runs = 0;
        for (int attempt = 0; attempt < MostAttempts && best < SlowestUsable && runs < FewestRuns; attempt++)
        {
            if (TryMeasure(vcpu, mailbox, ref best, out runs) is { } failure)
                return failure;
        }

        bool isUsable = best >= SlowestUsable;
        string reason = isUsable
            ? ""
            : $"KVM runs a guest's code far too slowly ({best / 1e6:F1} million rounds of a loop a second; {SlowestUsable / 1e6:F0} are the least): the host's kernel interprets it";
        return new KvmFinding(isUsable, best, vcpu.TscFrequency, reason);
    }

    /// <param name="best">Rounds a second of the fastest run.</param>
    /// <returns>What is wrong; null for nothing.</returns>
    private static KvmFinding? TryMeasure(KvmVcpuHandle vcpu, VcpuMailbox mailbox, ref double best, out int runs)
    {
        runs = 0;
        double seconds = 0;
        long start = Stopwatch.GetTimestamp();
        for (uint rounds = FirstRounds; rounds <= MostRounds && Stopwatch.GetElapsedTime(start).TotalSeconds + (2 * seconds) < Longest.TotalSeconds; rounds *= 2)
        {
            if (TryRun(vcpu, mailbox, rounds, out seconds) is { } failure)
                return failure;
            best = Math.Max(best, rounds / seconds);
            runs++;
        }

        return null;
    }

    /// <param name="mailbox">The vCPU's; a request to stop in it ends the run.</param>
    /// <returns>What is wrong; null for nothing.</returns>
    internal static KvmFinding? TryRun(KvmVcpuHandle vcpu, VcpuMailbox mailbox, uint rounds, out double seconds)
    {
        vcpu.SetRegisters(ProbeGuest.Start(rounds));
        long start = Stopwatch.GetTimestamp();
        KvmExit exit = KvmExit.Interrupted;
        while (exit == KvmExit.Interrupted)
        {
            if ((mailbox.Take() & VcpuRequests.Stop) != 0)
            {
                seconds = 0;
                return KvmFinding.Unusable("KVM does not come back from a guest's code");
            }

            mailbox.Enter();
            exit = vcpu.Run();
            mailbox.Leave();
        }

        seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        return exit == KvmExit.Halt && vcpu.GetRegisters().rcx == 0
            ? null
            : KvmFinding.Unusable($"KVM does not run a guest's code: it stops with {exit}");
    }
}
