using System.Globalization;
using Hearth.Commands;
using Hearth.House;
using Hearth.Linux;
using Hearth.Protocol;
using Hearth.Screen;
using Hearth.Storage;

namespace Hearth.Launch;

/// <summary>
/// Opens everything a guest needs, starts its helpers, and becomes <c>hearth-vm</c>: terminal, signals and exit code are
/// the guest's from then on. Whatever fails before leaves nothing behind.
/// </summary>
internal sealed class GuestLauncher : IDisposable
{
    private const string Terminal = "stdio";

    private readonly List<FileDescriptor> _open = [];
    private readonly List<int> _passts = [];
    private readonly List<OutputFile> _outputs = [];

    // What is there for this guest alone, and goes where it does not start.
    private readonly List<(FileDescriptor Folder, string Name)> _made = [];
    private ScreenFiles? _screen;

    private GuestLauncher()
    {
    }

    /// <summary>Runs the guest in place of this process. Returns only by exception.</summary>
    /// <exception cref="UsageException">A file or program is missing, or makes no sense.</exception>
    /// <exception cref="LinuxException">The host refused.</exception>
    public static int Launch(VmRunOptions options)
    {
        using var launcher = new GuestLauncher();
        GuestConfiguration configuration = launcher.Prepare(options);
        return launcher.Execute(configuration);
    }

    /// <summary>Opens everything for a guest whose process is a child of this one.</summary>
    /// <exception cref="UsageException">A file or program is missing, or makes no sense.</exception>
    /// <exception cref="LinuxException">The host refused.</exception>
    public static GuestLauncher Open(VmRunOptions options)
    {
        var launcher = new GuestLauncher();
        try
        {
            launcher.Configuration = launcher.Prepare(options);
            return launcher;
        }
        catch
        {
            launcher.Dispose();
            throw;
        }
    }

    /// <summary>What was opened by <see cref="Open(VmRunOptions)"/>, under the numbers that it is open by here.</summary>
    public GuestConfiguration Configuration { get; private set; } = new();

    /// <summary>The descriptors that <see cref="Configuration"/> names, but for those of the screen.</summary>
    public IReadOnlyList<FileDescriptor> Files => _open;

    /// <summary>The guest's screen; null where it has none.</summary>
    public ScreenFiles? Screen => _screen;

    /// <summary>The guest has started: what was made for it stays, and its helpers end with it. The descriptors are still closed here.</summary>
    /// <returns>The process ids of the helpers, which are children of this process.</returns>
    public IReadOnlyList<int> LetGo()
    {
        _made.Clear();
        int[] helpers = [.. _passts];
        _passts.Clear();
        _screen = null;
        return helpers;
    }

    public void Dispose()
    {
        foreach ((FileDescriptor folder, string name) in _made)
            folder.Unlink(name);
        foreach (FileDescriptor file in _open)
            file.Dispose();
        _screen?.Dispose();
        foreach (int process in _passts)
            ProcessImage.End(process);
    }

    private GuestConfiguration Prepare(VmRunOptions options)
    {
        GuestConfiguration configuration = KvmHandover.Open(options.ToConfiguration(), _open.Add) with
        {
            Kernel = OpenImage("--kernel", options.Kernel),
            Initrd = OpenImage("--initrd", options.Initrd),
            Modules = [.. options.Modules.Select(OpenModule)],
            Disks = [.. options.Disks.Select(OpenDisk), .. options.LayeredDisks.Select(OpenLayered)],
            CdRoms = [.. options.CdRoms.Select(path => Open("--cdrom", path, FileAccessMode.Read))],
            Firmware = options.Kernel is null ? OpenFirmware(options) : null,
            Restore = OpenImage("--restore", options.Restore),
            Save = options.Save is null ? null : OpenSave(options.Save),
        };
        OpenFile? microphone = OpenImage("--microphone", options.Microphone);
        configuration = configuration with
        {
            // What leaves a trace comes last: output files, and a process.
            Serial = OpenPort("--serial", options.Serial)!,
            FirmwareLog = options.FirmwareLog is { } log ? OpenOutput("--firmware-log", log) : null,
            Console = options.Console == "none" ? null : OpenPort("--console", options.Console),
            Sound = OpenSound(options, microphone),
            Vsock = options.Vsock is { } vsock ? OpenVsock(vsock) : null,
            Networks = [.. options.Networks.Select((network, index) => GuestNetwork.Open(network, index, Keep, new PasstStart(options.Passt, options.Verbose, _passts.Add)))],
            Display = OpenDisplay(options),
            TerminalGuard = options.Serial == Terminal || options.Console == Terminal ? StartGuard() : null,
        };
        return configuration with { Outputs = _outputs };
    }

    private int Execute(GuestConfiguration configuration)
    {
        byte[] json = GuestConfigurationJson.Write(configuration);
        FileDescriptor channel = Keep(FileDescriptor.CreateMemory("hearth-guest", 0));
        channel.Write(json);
        foreach (FileDescriptor file in _open)
            file.KeepOnExecute();
        RuntimeDiagnostics.Leave();
        ProcessImage.Execute(GuestProgram.Path, [GuestProgram.Name, channel.Number.ToString(CultureInfo.InvariantCulture)]);
        return ExitCode.HostFault;
    }

    private OpenFile? OpenImage(string option, string? path) => path is null ? null : Open(option, path, FileAccessMode.Read);

    private ModuleConfiguration OpenModule(string text)
    {
        int space = text.IndexOf(' ', StringComparison.Ordinal);
        return new ModuleConfiguration(Open("--module", space < 0 ? text : text[..space], FileAccessMode.Read), text);
    }

    private DiskConfiguration OpenDisk(string text)
    {
        DiskOption option = DiskOption.Parse(text);
        RequireName("--disk", option.Path);
        return Configure(() => DiskChain.Open(option.Path, option.Format, option.IsReadOnly), option.IsReadOnly, option.Bus, isRecognised: option.Format is null);
    }

    private DiskConfiguration OpenLayered(LayeredDisk layered)
    {
        GuestDisk disk = layered.Disk;
        DiskFormat? format = disk.Format is { } name ? DiskFormatNames.Find(name) : null;
        return Configure(
            () => DiskChain.OpenLayers(layered.Layers, disk.Path, format, disk.IsReadOnly), disk.IsReadOnly, disk.Bus, isRecognised: format is null && layered.Layers.Count == 0);
    }

    private DiskConfiguration Configure(Func<IReadOnlyList<ChainFile>> open, bool isReadOnly, string bus, bool isRecognised)
    {
        try
        {
            IReadOnlyList<ChainFile> chain = open();
            _open.AddRange(chain.Select(file => file.File));
            return new DiskConfiguration(OpenFileOf(chain[0]), isReadOnly, bus)
            {
                Format = DiskFormatNames.NameOf(chain[0].Format),
                IsRecognised = isRecognised,
                Backing = [.. chain.Skip(1).Select(file => new BackingConfiguration(OpenFileOf(file), DiskFormatNames.NameOf(file.Format)))],
            };
        }
        catch (StorageException error)
        {
            throw new UsageException(error.Message.TrimEnd('.'), error);
        }
    }

    /// <summary>A saved guest brings its firmware with it: what is not found is not missed then.</summary>
    private OpenFile? OpenFirmware(VmRunOptions options)
    {
        string? path = SeaBios.Find(options.Firmware);
        if (path is null && options.Restore is null)
            throw new UsageException($"a guest without --kernel is started by SeaBIOS, and {SeaBios.Missing}");
        return OpenImage("--firmware", path);
    }

    private static OpenFile OpenFileOf(ChainFile file) => new(file.File.Number, file.Name);

    private SaveConfiguration OpenSave(string path)
    {
        RequireName("--save", path);
        if (Path.Exists(path))
            throw new UsageException($"--save: {path} exists already");
        string full = Path.GetFullPath(path);
        string folder = Path.GetDirectoryName(full) ?? "/";
        FileDescriptor directory = Keep(OpenOrExplain("--save", folder, FileAccessMode.Directory));
        FileDescriptor file = Keep(OpenOrExplain("--save", folder, FileAccessMode.Nameless));
        return new SaveConfiguration(file.Number, directory.Number, Path.GetFileName(full));
    }

    private SerialConfiguration? OpenPort(string option, string text) => text switch
    {
        Terminal => new SerialConfiguration(1, 0),
        "none" => new SerialConfiguration(null, null),
        _ => OpenOutput(option, text),
    };

    private SoundConfiguration? OpenSound(VmRunOptions options, OpenFile? microphone)
    {
        if (options.Sound == "none")
            return null;
        string? path = options.Sound.StartsWith(VmRunOptions.WavPrefix, StringComparison.Ordinal) ? options.Sound[VmRunOptions.WavPrefix.Length..] : null;
        return new SoundConfiguration(path is null ? null : new OpenFile(OpenNew("--sound", path).Number, path), microphone);
    }

    private SerialConfiguration OpenOutput(string option, string path) => new(OpenNew(option, path).Number, null);

    /// <summary>Opens a file to be written from its beginning. What is in it stays until the guest starts.</summary>
    private FileDescriptor OpenNew(string option, string path)
    {
        RequireName(option, path);
        string full = Path.GetFullPath(path);
        if (Directory.Exists(full))
            throw new UsageException($"{option}: {path} is a directory");
        string name = Path.GetFileName(full);
        bool wasThere = Path.Exists(full);
        FileDescriptor file = OpenOrExplain(option, path, wasThere ? FileAccessMode.Write : FileAccessMode.CreateNew);
        FileDescriptor? folder = wasThere ? null : Keep(OpenOrExplain(option, Path.GetDirectoryName(full)!, FileAccessMode.Place));
        if (folder is not null)
            _made.Add((folder, name));
        RequireOther(option, path, file);
        _outputs.Add(new OutputFile(file.Number, folder?.Number, name));
        return Keep(file);
    }

    /// <summary>What is written must be nothing that the guest has otherwise: a slip of the fingers would cost a disk.</summary>
    private void RequireOther(string option, string path, FileDescriptor file)
    {
        if (_open.Any(file.IsSameFile))
            throw new UsageException($"{option}: {path} would be overwritten, and is given for something else too");
    }

    private VsockConfiguration OpenVsock(VsockAddress address)
    {
        try
        {
            string full = Path.GetFullPath(address.Socket);
            FileDescriptor listener = Keep(FileDescriptor.Listen(address.Socket));
            FileDescriptor folder = Keep(OpenOrExplain("--vsock", Path.GetDirectoryName(full)!, FileAccessMode.Place));
            _made.Add((folder, Path.GetFileName(full)));
            return new VsockConfiguration(address.Cid, listener.Number, folder.Number, Path.GetFileName(full));
        }
        catch (LinuxException error)
        {
            throw new UsageException($"--vsock: {error.Message}", error);
        }
    }

    private DisplayConfiguration? OpenDisplay(VmRunOptions options)
    {
        foreach (ScreenEvent each in options.ScreenEvents)
            RequirePlace(each.File);
        if (options.Vga == "none")
            return null;
        _screen = new ScreenFiles(options.Screen ?? ScreenSize.Default);
        _screen.KeepOnExecute();
        DisplayConfiguration display = _screen.Describe(options.Vga) with
        {
            Firmware = options.Vga == "std" ? OpenImage("--vga", SeaBios.FindVga(options.Firmware)) : null,
        };
        return options.ScreenEvents.Count == 0 ? display : display with { LastViewer = Keep(ScreenWatcher.Start(_screen, options.ScreenEvents)).Number };
    }

    private void RequirePlace(string? file)
    {
        if (file is null)
            return;
        if (Directory.Exists(file))
            throw new UsageException($"--screenshot: {file} is a directory");
        if (Path.Exists(file))
        {
            using FileDescriptor there = OpenOrExplain("--screenshot", file, FileAccessMode.Place);
            RequireOther("--screenshot", file, there);
            return;
        }

        using FileDescriptor folder = OpenOrExplain("--screenshot", Path.GetDirectoryName(Path.GetFullPath(file)) ?? "/", FileAccessMode.Directory);
    }

    private int? StartGuard() => TerminalGuard.Start(new FileDescriptor(0)) is { } guestEnd ? Keep(guestEnd).Number : null;

    /// <summary>Opens a file that is read at any place: a regular file or a block device.</summary>
    private OpenFile Open(string option, string path, FileAccessMode mode)
    {
        if (Directory.Exists(path))
            throw new UsageException($"{option}: {path} is a directory");
        FileDescriptor file = Keep(OpenOrExplain(option, path, mode));
        return new OpenFile(file.Number, path);
    }

    private static void RequireName(string option, string path)
    {
        if (path.Length == 0)
            throw new UsageException($"{option} needs the name of a file");
    }

    private static FileDescriptor OpenOrExplain(string option, string path, FileAccessMode mode)
    {
        RequireName(option, path);
        try
        {
            return FileDescriptor.Open(path, mode);
        }
        catch (LinuxException error)
        {
            throw new UsageException($"{option}: {error.Message}", error);
        }
    }

    private FileDescriptor Keep(FileDescriptor file)
    {
        _open.Add(file);
        return file;
    }
}
