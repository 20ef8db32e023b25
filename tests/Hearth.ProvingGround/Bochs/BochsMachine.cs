using Hearth.Guests;
using Hearth.Guests.Debian;
using Hearth.Guests.Initramfs;
using Hearth.Proving.Qemu;

namespace Hearth.Proving.Bochs;

/// <summary>
/// A PC with VT-x in bochs' interpreter, which runs Debian's kernel with an initial RAM disk and nothing else. It is some hundred times slower than the
/// host: what is to be run in there is native code, and says what it has to say on the serial port.
/// </summary>
public sealed class BochsMachine : IDisposable
{
    /// <summary>What a Debian kernel needs in there, the guest's as well: testing its own cryptography takes it 770 million instructions, half of its boot.</summary>
    public const string GuestArguments = "cryptomgr.notests";

    private const string Kernel = "linux-image-amd64";

    /// <summary>In MiB.</summary>
    private const int Memory = 1024;

    /// <summary>
    /// No mitigations of errors that the emulation does not have, and none of the checks of one clock by another: the interpreter's clocks all
    /// count the same instructions. The rate is there because the kernel waits for every character, and 9600 bit/s, which it takes by itself, are
    /// a millisecond each.
    /// </summary>
    private const string KernelArguments = $"console=ttyS0,115200 panic=-1 mitigations=off no_timer_check tsc=reliable {GuestArguments}";

    private readonly GroundMonitor _monitor;
    private readonly DirectoryInfo _directory;
    private readonly EmulatorProcess _process;

    private BochsMachine(InitramfsBuilder initramfs)
    {
        PackageCache cache = PackageCache.Default();
        string ground = Path.Combine(CacheDirectory.Default(), "ground");
        SerialLog = new SerialLog(ground, () => _monitor!);
        _monitor = new GroundMonitor(SerialLog);
        _directory = Directory.CreateTempSubdirectory("hearth-bochs-");
        try
        {
            BochsProgram bochs = BochsProgram.Find(cache);
            string kernel = KernelImage.Unpack(cache.FetchKernel(Kernel), cache, ground);
            BootDisk disk = BootDisk.Write(this["disk.img"], kernel, initramfs.Write, KernelArguments, Memory);
            File.WriteAllText(this["bochsrc"], BochsConfiguration.Text(bochs, Memory, disk, SerialLog.FilePath));
            File.WriteAllText(this["commands"], BochsConfiguration.DebuggerCommands);

            // Its display listens on every address there is, so it gets a network without any.
            _process = EmulatorProcess.Start("bochs", ["unshare", "--map-root-user", "--net", bochs.Path, "-q", "-f", this["bochsrc"], "-rc", this["commands"]], bochs.Environment, _monitor);
        }
        catch
        {
            _directory.Delete(recursive: true);
            throw;
        }
    }

    /// <summary>What the machine wrote to its first serial port.</summary>
    public SerialLog SerialLog { get; }

    private string this[string name] => Path.Combine(_directory.FullName, name);

    /// <summary>The kernel whose modules the initial RAM disk may have.</summary>
    /// <exception cref="GuestsException">It cannot be had.</exception>
    public static KernelPackage FetchKernel() => PackageCache.Default().FetchKernel(Kernel);

    /// <summary>Starts the machine.</summary>
    /// <param name="initramfs">Its first and only root, for the kernel of <see cref="FetchKernel"/>.</param>
    /// <exception cref="GuestsException">bochs or the kernel cannot be had.</exception>
    /// <exception cref="ProvingGroundException">bochs cannot be run.</exception>
    public static BochsMachine Start(InitramfsBuilder initramfs)
    {
        ArgumentNullException.ThrowIfNull(initramfs);
        return new BochsMachine(initramfs);
    }

    /// <summary>Waits until the machine has powered itself off.</summary>
    /// <exception cref="ProvingGroundException">It has not in time; the message has its last lines.</exception>
    public void WaitForPowerOff(TimeSpan patience)
    {
        // To bochs that is an error, with an exit code like any other.
        string reason = _monitor.WaitForDeath(patience, "the end of bochs");
        if (!reason.Contains("ACPI control: soft power off", StringComparison.Ordinal))
            throw new ProvingGroundException($"{reason}; {SerialLog.Tail()}");
    }

    /// <summary>Ends bochs, whatever the machine is doing, and deletes its files except the serial log.</summary>
    public void Dispose()
    {
        _process.Dispose();
        _directory.Delete(recursive: true);
    }
}
