using System.Globalization;
using Hearth.Commands;
using Hearth.Linux;
using Hearth.Protocol;

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

    public void Dispose()
    {
        foreach (FileDescriptor file in _open)
            file.Dispose();
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
            Disks = [.. options.Disks.Select(OpenDisk)],
            Restore = OpenImage("--restore", options.Restore),
            Save = options.Save is null ? null : OpenSave(options.Save),
        };
        return configuration with
        {
            // What leaves a trace comes last: output files, and a process.
            Serial = OpenPort("--serial", options.Serial)!,
            Console = options.Console == "none" ? null : OpenPort("--console", options.Console),
            Vsock = options.Vsock is { } vsock ? OpenVsock(vsock) : null,
            Networks = [.. options.Networks.Select((network, index) => GuestNetwork.Open(network, index, Keep, new PasstStart(options.Passt, options.Verbose, _passts.Add)))],
            TerminalGuard = options.Serial == Terminal || options.Console == Terminal ? StartGuard() : null,
        };
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
        const string Suffix = ",readonly";
        bool isReadOnly = text.EndsWith(Suffix, StringComparison.Ordinal);
        string path = isReadOnly ? text[..^Suffix.Length] : text;
        return new DiskConfiguration(Open("--disk", path, isReadOnly ? FileAccessMode.Read : FileAccessMode.ReadWrite), isReadOnly);
    }

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
        _ => new SerialConfiguration(Keep(OpenOrExplain(option, text, FileAccessMode.Create)).Number, null),
    };

    private VsockConfiguration OpenVsock(VsockAddress address)
    {
        try
        {
            return new VsockConfiguration(address.Cid, Keep(FileDescriptor.Listen(address.Socket)).Number);
        }
        catch (LinuxException error)
        {
            throw new UsageException($"--vsock: {error.Message}", error);
        }
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
