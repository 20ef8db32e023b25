using System.Globalization;
using Hearth.Commands;
using Hearth.House;
using Hearth.Launch;
using Hearth.Linux;
using Hearth.Linux.Jail;
using Hearth.Protocol;
using Hearth.Snapshots.States;

namespace Hearth.Running;

/// <summary>Starts guests' processes, each in a jail of its own.</summary>
internal sealed class GuestStarter(GuestPlaces places, GuestPassts passts, GuestGroups groups)
{
    private const string AnyEngine = "auto";
    private const ulong SlowestCounter = 100_000_000;
    private const ulong FastestCounter = 20_000_000_000;
    private const string UserFaultsDevice = "/dev/userfaultfd";

    // Of nobody else on a Debian system, which gives numbers up to 65,534 to people and programs.
    private const uint FirstUser = 700_000;

    // Layers of its disks, and what it makes itself.
    private const int MoreDescriptors = 1024;
    // Which engine a guest that left it open got. That does not change while the host is up, and to try takes as long as a restore may.
    private volatile string? _engine;
    private ulong _hostTscFrequency;

    private static readonly string[] s_inherited = ["DOTNET_ROOT", "PATH"];

    /// <param name="definition">What it is.</param>
    /// <param name="disks">With what it has written to them.</param>
    /// <param name="state">The state that it goes on from, its bytes of memory, which it keeps whatever the definition says by now, and what processors and devices have of it; null to boot.</param>
    /// <returns>The process and its helpers.</returns>
    /// <exception cref="GuestRunException">It cannot be started.</exception>
    public StartedGuest Start(int guest, GuestDefinition definition, IReadOnlyList<LayeredDisk> disks, (long Id, long Memory, byte[] Machine)? state)
    {
        try
        {
            VmRunOptions options = GuestRules.ToRunOptions(definition) with { Disks = [], LayeredDisks = disks };
            options = options with
            {
                Engine = options.Engine == AnyEngine ? _engine ?? AnyEngine : options.Engine,
                Memory = state is { } saved ? (ulong)saved.Memory : options.Memory,
            };
            using GuestLauncher launcher = GuestLauncher.Open(options with { Networks = passts.Connect(guest, options.Networks) });
            return Start(guest, launcher, groups.Open(guest, definition, options.Memory), state);
        }
        catch (Exception error) when (error is UsageException or LinuxException or HouseException)
        {
            throw new GuestRunException(error.Message.TrimEnd('.'), GuestRunFailure.Host, error);
        }
    }

    /// <summary>What the process of a guest that has been started gets of the processors.</summary>
    public ProcessorShare ShareOf(int guest, GuestDefinition definition) => new(groups.Find(guest), definition.CpuWeight);

    /// <summary>What a process has found out that was just started, and the next one need not. It has not run a guest's first instruction: one that was taken over could tell anything.</summary>
    public void Remember(GuestDefinition definition, GuestGreeting greeting)
    {
        if (definition.Engine == AnyEngine && greeting.Engine is ("kvm" or "software"))
            _engine = greeting.Engine;
        if (greeting.HostTscFrequency is >= SlowestCounter and <= FastestCounter)
            Volatile.Write(ref _hostTscFrequency, greeting.HostTscFrequency);
    }

    private StartedGuest Start(int guest, GuestLauncher launcher, Cgroup? group, (long Id, long Memory, byte[] Machine)? state)
    {
        using var own = new OwnedDescriptors();
        FileDescriptor control = own.Add(FileDescriptor.ListenForMessages(places.ControlSocket(guest)));
        FileDescriptor console = own.Add(FileDescriptor.Listen(places.ConsoleSocket(guest)));
        FileDescriptor? faults = state is null ? null : own.TryOpen(UserFaultsDevice, FileAccessMode.ReadWrite);
        FileDescriptor? machine = state is { } from ? own.Add(MemoryFileOf(from.Machine)) : null;
        int seal = FirstFree(launcher, own);
        GuestConfiguration configuration = launcher.Configuration with
        {
            Serial = new SerialConfiguration(null, null) { Listener = console.Number },
            Hosting = new HostingConfiguration(control.Number)
            {
                Machine = machine is null ? null : new OpenFile(machine.Number, "the saved state"),
                Base = state?.Id ?? 0,
                UserFaults = faults?.Number,
                Seal = seal,
            },
        };
        FileDescriptor written = own.Add(MemoryFileOf(GuestConfigurationJson.Write(configuration)));
        FileDescriptor log = own.Add(OpenLog(guest));
        JailDescriptor[] given =
        [
            new(log, 1), new(log, 2),
            .. launcher.Files.Concat(own.Files).Select(file => new JailDescriptor(file, file.Number)),
            .. (launcher.Screen?.Descriptors ?? []).Select(number => new JailDescriptor(new FileDescriptor(number), number)),
        ];
        JailedProcess process = GuestJail.Start(new JailRequest
        {
            Program = GuestProgram.Path,
            Arguments = [GuestProgram.Name, written.Number.ToString(CultureInfo.InvariantCulture), Volatile.Read(ref _hostTscFrequency).ToString(CultureInfo.InvariantCulture)],
            Environment = [.. EnvironmentOf()],
            Descriptors = given,
            SealNumber = seal,
            RootFolder = places.EmptyRoot,
            Cgroup = group,
            Limits = new JailLimits { Descriptors = seal + MoreDescriptors },
            User = Environment.IsPrivilegedProcess ? new JailUser(FirstUser + (uint)guest, FirstUser + (uint)guest) : null,
        });
        try
        {
            var handle = ProcessHandle.Open(process.Id);
            return new StartedGuest(handle, [.. launcher.LetGo().Select(ProcessHandle.Open)], (long)(launcher.Configuration.Memory / SavedState.PageLength), process);
        }
        catch (LinuxException)
        {
            _ = process.End();
            process.Dispose();
            throw;
        }
    }

    private FileDescriptor OpenLog(int guest)
    {
        Directory.CreateDirectory(places.FolderOf(guest));
        string path = places.LogOf(guest);
        if (File.Exists(path))
            File.Move(path, $"{path}.before", overwrite: true);
        return FileDescriptor.Open(path, FileAccessMode.CreateNew);
    }

    private static FileDescriptor MemoryFileOf(byte[] content)
    {
        FileDescriptor file = FileDescriptor.CreateMemory("hearth-guest", 0);
        file.Write(content);
        file.Rewind();
        return file;
    }

    private static int FirstFree(GuestLauncher launcher, OwnedDescriptors own)
    {
        // Two more follow: the configuration's, and the log's.
        const int Distance = 100;
        return launcher.Files.Concat(own.Files).Select(file => file.Number).Concat(launcher.Screen?.Descriptors ?? []).DefaultIfEmpty(2).Max() + Distance;
    }

    /// <summary>All that a guest's process has of an environment.</summary>
    public static IEnumerable<string> EnvironmentOf()
    {
        yield return "DOTNET_EnableDiagnostics=0";
        yield return "DOTNET_TieredPGO=0";

        // Each method that is compiled would be mapped twice. The software engine's own code is written where it runs, so that nothing would be gained there; under KVM it is a layer
        // less (docs/jail.md), of a program that is compiled ahead of time where it counts.
        yield return "DOTNET_EnableWriteXorExecute=0";
        foreach (string name in s_inherited)
        {
            if (Environment.GetEnvironmentVariable(name) is { } value)
                yield return $"{name}={value}";
        }
    }
}
