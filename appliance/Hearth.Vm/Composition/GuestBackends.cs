using System.Net.Sockets;
using Hearth.Linux;
using Hearth.Machine;
using Hearth.Protocol;
using Hearth.Storage;
using Hearth.Vm.Boot;
using Hearth.Vm.Display;
using Hearth.Vm.Input;
using Hearth.Vm.Network;
using Hearth.Vm.Running;
using Hearth.Vm.Sound;
using Hearth.Vm.Terminal;
using Hearth.Vm.Vsock;
using Microsoft.Win32.SafeHandles;

namespace Hearth.Vm.Composition;

/// <summary>The host's side of a guest's devices, made of the descriptors that the configuration names.</summary>
internal sealed class GuestBackends : IDisposable
{
    private const int LastStandardStream = 2;
    private const long MaximumFirmwareLength = 256 << 10;

    private readonly List<IDisposable> _owned = [];

    private GuestBackends()
    {
    }

    /// <summary>What to boot, also again at a guest reset; null when the guest can only be restored.</summary>
    public BootRequest? Boot { get; private set; }

    public IReadOnlyList<IBlockBackend> Disks { get; private set; } = [];

    /// <summary>What is in the CD drives.</summary>
    public IReadOnlyList<IBlockBackend> Discs { get; private set; } = [];

    /// <summary>The firmware's ROM; empty for none.</summary>
    public ReadOnlyMemory<byte> Firmware { get; private set; }

    /// <summary>Where the firmware writes what it does; null for nowhere.</summary>
    public ICharacterPort? FirmwareLog { get; private set; }

    public IReadOnlyList<INetworkPort> Networks { get; private set; } = [];

    public IVsockHost? Vsock { get; private set; }

    public ICharacterPort Serial { get; private set; } = null!;

    public ICharacterPort? Console { get; private set; }

    public GuestDisplay? Display { get; private set; }

    /// <summary>For the graphics card's longer work; null where there is none.</summary>
    public IWorker? DisplayWorker { get; private set; }

    /// <summary>Of the graphics card; empty for none.</summary>
    public ReadOnlyMemory<byte> VgaFirmware { get; private set; }

    /// <summary>What hands do.</summary>
    public GuestInput Input { get; private set; } = null!;

    /// <summary>What the guest's sound card is connected to; null when it has none.</summary>
    public ISoundBackend? Sound { get; private set; }

    /// <param name="quit">Called when Ctrl-A X was typed.</param>
    /// <param name="tell">Takes a sentence for the user.</param>
    /// <exception cref="MachineException">A file cannot be what it is meant to be.</exception>
    /// <exception cref="StorageException">A disk image is unusable.</exception>
    public static GuestBackends Open(GuestConfiguration configuration, Action quit, Action<string> tell)
    {
        var backends = new GuestBackends();
        try
        {
            backends.Boot = backends.OpenBoot(configuration);
            backends.Firmware = configuration.Firmware is { } firmware ? FirmwareImage.Read(firmware) : default;
            backends.Disks = [.. configuration.Disks.Select(backends.OpenDisk)];
            backends.Discs = [.. configuration.CdRoms.Select(backends.OpenDisc)];
            backends.FirmwareLog = configuration.FirmwareLog is { } log ? backends.OpenPort(log, quit) : null;
            backends.Serial = backends.OpenPort(configuration.Serial, quit);
            backends.Console = configuration.Console is { } console ? backends.OpenPort(console, quit) : null;
            backends.Input = backends.Own(new GuestInput(configuration.Input, configuration.Verbose ? tell : null));
            backends.Sound = configuration.Sound is { } sound ? backends.OpenSound(sound, tell) : null;
            backends.Networks = [.. configuration.Networks.Select(backends.OpenNetwork)];
            backends.Vsock = configuration.Vsock is { } vsock ? backends.OpenVsock(vsock) : null;
            if (configuration.Display is { } display)
                backends.OpenDisplay(display);
            return backends;
        }
        catch
        {
            backends.Dispose();
            throw;
        }
    }

    /// <summary>What is typed goes to the guest from now on.</summary>
    public void StartInput()
    {
        foreach (TerminalPort port in _owned.OfType<TerminalPort>())
            port.StartInput();
    }

    public void Dispose()
    {
        // The last opened first: ports drain before the files they write to are closed.
        for (int i = _owned.Count - 1; i >= 0; i--)
            _owned[i].Dispose();
        _owned.Clear();
    }

    private BootRequest? OpenBoot(GuestConfiguration configuration) => configuration.Kernel is null
        ? null
        : new BootRequest
        {
            Kernel = OpenImage(configuration.Kernel),
            Initrd = configuration.Initrd is { } initrd ? OpenImage(initrd) : null,
            CommandLine = configuration.CommandLine,
            Modules = [.. configuration.Modules.Select(module => new BootModule(OpenImage(module.File), module.CommandLine))],
        };

    private BootImage OpenImage(OpenFile file)
    {
        try
        {
            return new BootImage(file.Name, Own(new FileStream(new SafeFileHandle(file.Descriptor, ownsHandle: true), FileAccess.Read, 0)));
        }
        catch (IOException error)
        {
            throw new MachineException($"{file.Name} cannot be read: {error.Message}", error);
        }
    }

    private IBlockBackend OpenDisk(DiskConfiguration disk)
    {
        IEnumerable<ChainFile> below = disk.Backing.Select(backing => ChainFileOf(backing.File, backing.Format));
        IBlockBackend backend = DiskBackend.Open([ChainFileOf(disk.File, disk.Format), .. below], disk.IsReadOnly, disk.IsRecognised);
        _owned.Add((IDisposable)backend);
        return backend;
    }

    private static ChainFile ChainFileOf(OpenFile file, string format) =>
        new(new FileDescriptor(file.Descriptor), file.Name, DiskFormatNames.Find(format) ?? throw new MachineException($"{file.Name} has the unknown format {format}"));

    private IBlockBackend OpenDisc(OpenFile file)
    {
        CdImage.Require(file);
        return OpenDisk(new DiskConfiguration(file, IsReadOnly: true));
    }

    private INetworkPort OpenNetwork(NetworkConfiguration network) => network.IsTap
        ? Own(new TapPort(new TapInterface(new FileDescriptor(network.Descriptor))))
        : Own(new PasstPort(new SafeSocketHandle(network.Descriptor, ownsHandle: true), network.ProcessId));

    private VsockSwitchboard OpenVsock(VsockConfiguration vsock) => Own(new VsockSwitchboard(new SafeSocketHandle(vsock.Listener, ownsHandle: true)));

    private GuestSound OpenSound(SoundConfiguration sound, Action<string> tell)
    {
        WavRecording? microphone = null;
        if (sound.Microphone is { } heard)
        {
            using var file = new FileStream(new SafeFileHandle(heard.Descriptor, ownsHandle: true), FileAccess.Read, 0);
            microphone = WavRecording.Read(heard.Name, file);
        }

        WavRecorder? recorder = sound.Output is { } output
            ? new WavRecorder(output.Name, new FileStream(new SafeFileHandle(output.Descriptor, ownsHandle: true), FileAccess.Write, 0), tell)
            : null;
        return Own(new GuestSound(recorder, microphone));
    }

    private ICharacterPort OpenPort(SerialConfiguration port, Action quit)
    {
        if (port.Listener is { } listener)
            return Own(new ConsolePort(new SafeSocketHandle(listener, ownsHandle: true)));
        FileDescriptor? output = port.Output is { } outputNumber ? OpenStream(outputNumber) : null;
        FileDescriptor? input = port.Input is { } inputNumber ? OpenStream(inputNumber) : null;
        return Own(new TerminalPort(output, input, quit));
    }

    private void OpenDisplay(DisplayConfiguration display)
    {
        Display = Own(new GuestDisplay(display));
        DisplayWorker = Own(new WorkerThread("display copy"));
        VgaFirmware = display.Firmware is { } firmware ? ReadFirmware(firmware) : default;
    }

    private static byte[] ReadFirmware(OpenFile file)
    {
        try
        {
            using var stream = new FileStream(new SafeFileHandle(file.Descriptor, ownsHandle: true), FileAccess.Read, 0);
            if (stream.Length is 0 or > MaximumFirmwareLength)
                throw new MachineException($"{file.Name} is no VGA BIOS: it has {stream.Length} bytes");
            var bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            return bytes;
        }
        catch (IOException error)
        {
            throw new MachineException($"{file.Name} cannot be read: {error.Message}", error);
        }
    }

    /// <summary>The standard streams are the process's and stay open: it may have something to say when the guest is gone.</summary>
    private FileDescriptor OpenStream(int number)
    {
        var stream = new FileDescriptor(number);
        return number <= LastStandardStream ? stream : Own(stream);
    }

    private T Own<T>(T resource)
        where T : IDisposable
    {
        _owned.Add(resource);
        return resource;
    }
}
