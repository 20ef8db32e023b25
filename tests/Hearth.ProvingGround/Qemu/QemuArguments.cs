using System.Globalization;
using Hearth.Proving.Agent;
using Hearth.Proving.Qmp;

namespace Hearth.Proving.Qemu;

/// <summary>QEMU's command line for a proving ground.</summary>
internal static class QemuArguments
{
    /// <summary>
    /// What was measured to make the emulated machine quick and its clock steady: no mitigations of errors that the emulation does not have,
    /// no check of the timer that a busy host fails, and a time stamp counter that the kernel's watchdog leaves alone for the same reason.
    /// </summary>
    private const string KernelArguments = "console=ttyS0 panic=-1 mitigations=off no_timer_check tsc=reliable";

    public static IEnumerable<string> Machine(ProvingGroundOptions options, GroundFiles files) =>
    [
        "-name", "hearth-proving-ground", "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none",
        "-machine", "q35", "-accel", "tcg,thread=multi,tb-size=512", "-rtc", "base=utc",

        // Page tables of five levels make every walk longer, and no PC at home has them.
        "-cpu", "max,+svm,-la57",
        "-smp", Number(options.SharesRoot ? options.Processors + 1 : options.Processors), "-m", $"{Number(options.Memory)}M",
        "-chardev", $"socket,id=qmp,path={Value(files.QmpSocket)}", "-mon", "chardev=qmp,mode=control",
        "-chardev", $"file,id=serial,path={Value(files.SerialLog)}", "-serial", "chardev:serial",
        .. options.SharesRoot ? Shared(options, files) : Image(options),
        .. Display(options), .. Usb(options), .. Sound(options), .. options.QemuArguments,
    ];

    private static IEnumerable<string> Shared(ProvingGroundOptions options, GroundFiles files) =>
    [
        "-kernel", files.Kernel, "-initrd", files.Initramfs, "-append", string.Join(' ', [KernelArguments, .. Monitors(options), .. options.KernelArguments]),

        // multidevs=remap: the host's root may have other file systems below it, whose inode numbers must not meet.
        "-fsdev", "local,id=root,path=/,security_model=none,readonly=on,multidevs=remap", "-device", "virtio-9p-pci,fsdev=root,mount_tag=root",
        "-fsdev", $"local,id=share,path={Value(files.Share)},security_model=none", "-device", "virtio-9p-pci,fsdev=share,mount_tag=share",
        "-chardev", $"socket,id=agent,path={Value(files.AgentSocket)}", "-device", "virtio-serial-pci", "-device", $"virtserialport,chardev=agent,name={AgentFiles.Port}",
    ];

    private static IEnumerable<string> Image(ProvingGroundOptions options) =>
    [
        .. options.Firmware is { } firmware ? ["-bios", firmware] : Array.Empty<string>(),
        "-drive", $"if=none,id=system,format=raw,snapshot=on,file={Value(options.DiskImage!)}", "-device", "nvme,drive=system,serial=system,bootindex=0",
    ];

    /// <summary>QEMU connects a monitor to the first output only; DRM takes one for connected when it is told so.</summary>
    private static IEnumerable<string> Monitors(ProvingGroundOptions options) =>
        Enumerable.Range(2, options.Outputs - 1).Select(output => $"video=Virtual-{Number(output)}:e");

    private static string[] Display(ProvingGroundOptions options) => options.Display switch
    {
        GroundDisplay.VirtioVga => ["-device", $"virtio-vga,id={QmpClient.DisplayId},max_outputs={Number(options.Outputs)}"],
        GroundDisplay.Bochs => ["-device", $"bochs-display,id={QmpClient.DisplayId}"],
        _ => [],
    };

    /// <summary>Eight ports: QEMU puts a hub into the last one that is free.</summary>
    private static IEnumerable<string> Usb(ProvingGroundOptions options) =>
    [
        .. options.HasUsb ? ["-device", "qemu-xhci,id=usb,p2=8,p3=8"] : Array.Empty<string>(),
        .. options.UsbKeyboard ? ["-device", "usb-kbd,id=keyboard"] : Array.Empty<string>(),
        .. options.UsbTablet ? ["-device", "usb-tablet,id=tablet"] : Array.Empty<string>(),
        .. options.UsbMouse ? ["-device", "usb-mouse,id=mouse"] : Array.Empty<string>(),
        .. options.UsbStick is { } stick
            ? ["-drive", $"if=none,id=stick-image,format=raw,file={Value(stick)}", "-device", "usb-storage,id=stick,drive=stick-image,removable=on"]
            : Array.Empty<string>(),
    ];

    private static IEnumerable<string> Sound(ProvingGroundOptions options)
    {
        string audio = options.SoundCapture is { } file ? $"wav,id=sound,path={Value(file)},out.frequency=48000" : "none,id=sound";
        return options.Sound switch
        {
            GroundSound.Ac97 => ["-audiodev", audio, "-device", "AC97,audiodev=sound"],
            GroundSound.Ich9Hda => ["-audiodev", audio, "-device", "ich9-intel-hda", "-device", "hda-output,audiodev=sound"],
            _ => [],
        };
    }

    /// <summary>QEMU's option parser ends a value at a comma, unless there are two.</summary>
    private static string Value(string path) => path.Replace(",", ",,", StringComparison.Ordinal);

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
}
