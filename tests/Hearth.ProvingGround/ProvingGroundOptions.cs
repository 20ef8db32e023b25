using Hearth.Proving.Qemu;

namespace Hearth.Proving;

/// <summary>The machine that a proving ground is. As it stands: two processors with AMD-V, the host's root file system, no display, no USB, no sound.</summary>
public sealed record ProvingGroundOptions
{
    /// <summary>Those on which commands run. The machine has one more, which the kernel keeps for itself (agent.sh says why).</summary>
    public int Processors { get; init; } = 2;

    /// <summary>In MiB. All that is written inside lies in it, too; the host gives it page by page.</summary>
    public int Memory { get; init; } = 3072;

    /// <summary>Further words of the kernel's command line.</summary>
    public IReadOnlyList<string> KernelArguments { get; init; } = [];

    /// <summary>Modules to load besides those that the devices below need.</summary>
    public IReadOnlyList<string> Modules { get; init; } = [];

    public GroundDisplay Display { get; init; }

    /// <summary>How many outputs virtio-vga has, each with a monitor: <c>Virtual-1</c> and so on.</summary>
    public int Outputs { get; init; } = 1;

    /// <summary>An xHCI controller, so that USB devices can come and go by QMP; implied by every USB device below.</summary>
    public bool Usb { get; init; }

    public bool UsbKeyboard { get; init; }

    /// <summary>A pointer with absolute positions.</summary>
    public bool UsbTablet { get; init; }

    /// <summary>A pointer with relative motion.</summary>
    public bool UsbMouse { get; init; }

    /// <summary>A raw image that is in the machine as a USB stick from the start.</summary>
    public string? UsbStick { get; init; }

    public GroundSound Sound { get; init; }

    /// <summary>Where what the sound card plays is written as a WAV file of 48 kHz, 16 bits, two channels; null throws it away.</summary>
    public string? SoundCapture { get; init; }

    /// <summary>A raw image to boot in place of the kernel with the host's root. It is not written to; nothing answers commands unless the image has the agent.</summary>
    public string? DiskImage { get; init; }

    /// <summary>Firmware that boots <see cref="DiskImage"/>, such as <c>usr/share/ovmf/OVMF.fd</c> of Debian's ovmf; null for QEMU's BIOS.</summary>
    public string? Firmware { get; init; }

    /// <summary>Further arguments of QEMU.</summary>
    public IReadOnlyList<string> QemuArguments { get; init; } = [];

    /// <summary>Null finds it: the one that is installed, or else Debian's in the cache.</summary>
    public QemuProgram? Qemu { get; init; }

    /// <summary>How long it may take until the agent answers.</summary>
    public TimeSpan BootPatience { get; init; } = TimeSpan.FromMinutes(3);

    internal bool HasUsb => Usb || UsbKeyboard || UsbTablet || UsbMouse || UsbStick is not null;

    internal bool SharesRoot => DiskImage is null;
}
