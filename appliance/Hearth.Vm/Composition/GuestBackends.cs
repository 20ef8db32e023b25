using System.Net.Sockets;
using Hearth.Linux;
using Hearth.Machine;
using Hearth.Protocol;
using Hearth.Storage;
using Hearth.Vm.Boot;
using Hearth.Vm.Network;
using Hearth.Vm.Terminal;
using Hearth.Vm.Vsock;
using Microsoft.Win32.SafeHandles;

namespace Hearth.Vm.Composition;

/// <summary>The host's side of a guest's devices, made of the descriptors that the configuration names.</summary>
internal sealed class GuestBackends : IDisposable
{
    private const int LastStandardStream = 2;

    private readonly List<IDisposable> _owned = [];

    private GuestBackends()
    {
    }

    /// <summary>What to boot, also again at a guest reset; null when the guest can only be restored.</summary>
    public BootRequest? Boot { get; private set; }

    public IReadOnlyList<IBlockBackend> Disks { get; private set; } = [];

    public IReadOnlyList<INetworkPort> Networks { get; private set; } = [];

    public IVsockHost? Vsock { get; private set; }

    public ICharacterPort Serial { get; private set; } = null!;

    public ICharacterPort? Console { get; private set; }

    /// <param name="quit">Called when Ctrl-A X was typed.</param>
    /// <exception cref="MachineException">A file cannot be what it is meant to be.</exception>
    /// <exception cref="StorageException">A disk image is unusable.</exception>
    public static GuestBackends Open(GuestConfiguration configuration, Action quit)
    {
        var backends = new GuestBackends();
        try
        {
            backends.Boot = backends.OpenBoot(configuration);
            backends.Disks = [.. configuration.Disks.Select(backends.OpenDisk)];
            backends.Serial = backends.OpenPort(configuration.Serial, quit);
            backends.Console = configuration.Console is { } console ? backends.OpenPort(console, quit) : null;
            backends.Networks = [.. configuration.Networks.Select(backends.OpenNetwork)];
            backends.Vsock = configuration.Vsock is { } vsock ? backends.OpenVsock(vsock) : null;
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

    private RawDiskImage OpenDisk(DiskConfiguration disk) =>
        Own(new RawDiskImage(new FileDescriptor(disk.File.Descriptor), disk.File.Name, disk.IsReadOnly));

    private INetworkPort OpenNetwork(NetworkConfiguration network) => network.IsTap
        ? Own(new TapPort(new TapInterface(new FileDescriptor(network.Descriptor))))
        : Own(new PasstPort(new SafeSocketHandle(network.Descriptor, ownsHandle: true), network.ProcessId));

    private VsockSwitchboard OpenVsock(VsockConfiguration vsock) => Own(new VsockSwitchboard(new SafeSocketHandle(vsock.Listener, ownsHandle: true)));

    private TerminalPort OpenPort(SerialConfiguration port, Action quit)
    {
        FileDescriptor? output = port.Output is { } outputNumber ? OpenStream(outputNumber) : null;
        FileDescriptor? input = port.Input is { } inputNumber ? OpenStream(inputNumber) : null;
        return Own(new TerminalPort(output, input, quit));
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
