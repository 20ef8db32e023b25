using System.IO.Compression;
using System.Text;
using Hearth.Guests.Debian;

namespace Hearth.Guests.Initramfs;

/// <summary>
/// The first root of a Linux guest: busybox, kernel modules, files, and an init script. The script mounts the kernel's file
/// systems, writes <see cref="InitMarker"/> to the console, loads the modules in order, runs what it was given and powers off.
/// </summary>
public sealed class InitramfsBuilder
{
    /// <summary>The line that init writes as soon as it runs.</summary>
    public const string InitMarker = "hearth: init reached";

    private static readonly string[] s_applets =
    [
        "sh", "awk", "basename", "blkdiscard", "blockdev", "cat", "chmod", "cmp", "cp", "cut", "date", "dd", "dmesg", "echo", "env", "expr", "false", "free",
        "grep", "gunzip", "head", "hexdump", "hostname", "hwclock", "id", "ifconfig", "insmod", "ip", "kill", "ln", "ls", "lsmod", "md5sum",
        "mkdir", "mkfifo", "mknod", "mount", "mv", "nc", "nproc", "nslookup", "od", "ping", "poweroff", "printf", "ps", "pwd", "reboot", "rm", "route", "sed",
        "seq", "sha256sum", "sleep", "sort", "stat", "stty", "sync", "tail", "taskset", "tee", "test", "time", "top", "tr", "true", "udhcpc", "umount",
        "uname", "uniq", "uptime", "usleep", "wc", "wget", "xargs",
    ];

    private readonly SortedDictionary<string, (byte[] Content, bool Executable)> _files = new(StringComparer.Ordinal);
    private readonly List<string> _modules = [];
    private string _script = "";

    /// <summary>Adds a file; an earlier one of the same path is replaced.</summary>
    /// <param name="path">Relative to the root, without a leading slash.</param>
    public InitramfsBuilder AddFile(string path, byte[] content, bool executable = false)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(content);
        _files[path] = (content, executable);
        return this;
    }

    /// <summary>Adds Debian's <c>busybox-static</c> as the guest's shell and tools.</summary>
    public InitramfsBuilder AddBusybox(DebianPackage busybox)
    {
        ArgumentNullException.ThrowIfNull(busybox);
        string path = Path.Combine(busybox.Directory, "bin/busybox");
        return AddFile("bin/busybox", File.ReadAllBytes(File.Exists(path) ? path : busybox.File("usr/bin/busybox")), executable: true);
    }

    /// <summary>Adds modules with what they depend on; init loads them in this order. What the kernel has built in is left out.</summary>
    /// <exception cref="GuestsException">The kernel has no such module.</exception>
    public InitramfsBuilder AddModules(KernelPackage kernel, params IEnumerable<string> names)
    {
        ArgumentNullException.ThrowIfNull(kernel);
        foreach (KernelModule module in new ModuleTree(kernel.ModuleDirectory).Resolve(names))
        {
            string path = $"lib/modules/{module.Name}.ko";
            if (!_files.ContainsKey(path))
                _modules.Add(path);
            AddFile(path, module.Content);
        }

        return this;
    }

    /// <summary>What init does between loading the modules and powering off, as lines of shell.</summary>
    public InitramfsBuilder Run(string script)
    {
        _script = script;
        return this;
    }

    /// <summary>The archive, compressed with gzip. The same content gives the same bytes.</summary>
    public byte[] Build()
    {
        using var result = new MemoryStream();
        using (var compressed = new GZipStream(result, CompressionLevel.Fastest, leaveOpen: true))
            Write(compressed);
        return result.ToArray();
    }

    /// <summary>Writes the archive as it is: larger, and faster for the guest to unpack.</summary>
    public void Write(Stream to)
    {
        ArgumentNullException.ThrowIfNull(to);
        var archive = new CpioWriter(to);
        foreach (string directory in Directories())
            archive.AddDirectory(directory);
        archive.AddCharacterDevice("dev/console", 5, 1);
        archive.AddFile("init", Encoding.UTF8.GetBytes(InitScript()), executable: true);
        foreach (string applet in s_applets)
            archive.AddLink("bin/" + applet, "busybox");
        foreach ((string path, (byte[] content, bool executable)) in _files)
            archive.AddFile(path, content, executable);
        archive.Finish();
    }

    private SortedSet<string> Directories()
    {
        var directories = new SortedSet<string>(["bin", "dev", "etc", "lib", "proc", "run", "sys", "tmp"], StringComparer.Ordinal);
        foreach (string path in _files.Keys)
        {
            for (int slash = path.IndexOf('/', StringComparison.Ordinal); slash > 0; slash = path.IndexOf('/', slash + 1))
                directories.Add(path[..slash]);
        }

        return directories;
    }

    private string InitScript()
    {
        var script = new StringBuilder();
        script.Append("#!/bin/sh\n");
        script.Append("export PATH=/bin\n");
        script.Append("mount -t devtmpfs dev /dev\nmount -t proc proc /proc\nmount -t sysfs sys /sys\n");
        script.Append("echo '").Append(InitMarker).Append("'\n");
        foreach (string module in _modules)
            script.Append("insmod /").Append(module).Append('\n');
        script.Append(_script).Append('\n');
        script.Append("poweroff -f\n");
        return script.ToString();
    }
}
