using System.Runtime.InteropServices;
using System.Text.Json;
using Hearth.Hostile.Attempts;
using Hearth.Hostile.Interop;
using Hearth.Linux;
using Hearth.Linux.Jail;

namespace Hearth.Hostile;

/// <summary>Stands for a guest's process that has been taken over by its guest: seals itself as that does, and then does its worst.</summary>
internal static class HostileProcess
{
    /// <param name="arguments">
    /// How it is sealed: <c>sealed</c>, <c>traced</c> for a guest with user processes, <c>root</c> with an empty root and all system calls, or <c>open</c>
    /// for not at all; what to do; and what that needs.
    /// </param>
    public static int Run(string[] arguments)
    {
        using var report = new FileDescriptor(GivenNumber.Report);
        using ExitPipe? exit = arguments[1] == "die" ? ExitPipe.TryOpen() : null;
        JailLayers layers = Seal(arguments[0]);
        report.Write(JsonSerializer.SerializeToUtf8Bytes((int)layers));
        report.Write("\n"u8);
        switch (arguments[1])
        {
            case "attack":
                report.Write(JsonSerializer.SerializeToUtf8Bytes(Attack(Victims.Parse(arguments.AsSpan(2)), canExecute: arguments[0] == "open")));
                return 0;
            case "count":
                Count();
                return 0;
            case "fill":
                Fill();
                return 0;
            case "spin":
                while (true)
                    Thread.SpinWait(1000);
            case "die":
                WaitForDeath(report, exit!);
                return 0;
            case "work":
                report.Write(JsonSerializer.SerializeToUtf8Bytes(HonestWork.Run()));
                return 0;
            case "old-interface":
                return (int)RawCall.MakeOldInterface();
            default:
                return Environment.GetEnvironmentVariable("HEARTH_TEST") is { } code ? int.Parse(code, System.Globalization.CultureInfo.InvariantCulture) : 1;
        }
    }

    private static JailLayers Seal(string extent)
    {
        using var socket = new FileDescriptor(GivenNumber.Seal);
        if (extent == "open")
            return JailLayers.None;
        return JailSeal.Complete(socket, extent == "root" ? Everything() : GuestSystemCalls.Filter(allowsUserProcesses: extent == "traced"));
    }

    private static SeccompFilter Everything()
    {
        const int Count = 1100;
        return new SeccompFilterBuilder().AllowAll([.. Enumerable.Range(0, Count)]).Build();
    }

    /// <returns>The result of each attempt by its name; error numbers are below zero.</returns>
    private static SortedDictionary<string, long> Attack(Victims victims, bool canExecute)
    {
        IEnumerable<Attempt> all =
        [
            .. FileAttempts.All(victims), .. SocketAttempts.All(victims), .. ProcessAttempts.All(victims), .. PrivilegeAttempts.All, .. KernelAttempts.All,
            .. DescriptorAttempts.All, .. canExecute ? (Attempt[])[] : [ProcessAttempts.Execute], ProcessAttempts.BeTraced,
        ];
        var results = new SortedDictionary<string, long>(StringComparer.Ordinal);
        foreach (Attempt attempt in all)
            results.Add(attempt.Name, attempt.Try());
        return results;
    }

    /// <summary>With memory that the kernel has to take down first, and handlers of signals.</summary>
    private static void WaitForDeath(FileDescriptor report, ExitPipe exit)
    {
        const int Length = 256 << 20;
        const int Page = 4096;
        using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => context.Cancel = true);
        using var memory = MappedMemory.Anonymous(Length);
        for (int at = 0; at < Length; at += Page)
            memory.Bytes(at, 1)[0] = 1;
        report.Write(JsonSerializer.SerializeToUtf8Bytes(exit.Reader.Number));
        report.Write("\n"u8);
        Thread.Sleep(Timeout.Infinite);
    }

    private static unsafe void Count()
    {
        const int PageLength = 4096;
        using MappedMemory memory = MappedMemory.Shared(new FileDescriptor(GivenNumber.Counter), PageLength);

        // SAFETY: the mapping has a page, and lives as long as this process.
        while (true)
        {
            Interlocked.Increment(ref *(long*)memory.Address);
            Thread.Sleep(1);
        }
    }

    /// <summary>Takes memory until there is none, or it is ended for it.</summary>
    private static unsafe void Fill()
    {
        const nuint Step = 1 << 20;

        // SAFETY: each block is as long as is written; none is given back.
        while (true)
            NativeMemory.Fill(NativeMemory.Alloc(Step), Step, 1);
    }
}
