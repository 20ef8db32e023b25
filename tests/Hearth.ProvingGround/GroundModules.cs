namespace Hearth.Proving;

/// <summary>The kernel modules a proving ground loads before its root is there.</summary>
internal static class GroundModules
{
    private static readonly string[] s_root = ["virtio_pci", "9pnet_virtio", "9p", "overlay", "virtio_console"];

    /// <summary>What Linux needs for a keyboard to be an event device, and for a stick to be a disk. Sticks may come at any time.</summary>
    private static readonly string[] s_usb = ["xhci_pci", "usbhid", "hid_generic", "evdev", "usb_storage", "sd_mod"];

    public static IEnumerable<string> For(ProvingGroundOptions options) =>
    [
        .. s_root,
        "kvm_amd",
        .. options.HasUsb ? s_usb : [],
        .. options.Display switch
        {
            GroundDisplay.VirtioVga => ["virtio_gpu"],
            GroundDisplay.Bochs => ["bochs"],
            _ => Array.Empty<string>(),
        },
        .. options.Sound switch
        {
            GroundSound.Ac97 => ["snd_intel8x0", "snd_pcm_oss"],
            GroundSound.Ich9Hda => ["snd_hda_codec_generic", "snd_hda_intel", "snd_pcm_oss"],
            _ => Array.Empty<string>(),
        },
        .. options.Modules,
    ];
}
