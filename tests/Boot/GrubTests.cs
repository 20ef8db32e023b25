using Hearth.Guests.Initramfs;

namespace Hearth.Boot.Tests;

/// <summary>From SeaBIOS through GRUB to Debian's kernel and init.</summary>
public sealed class GrubTests
{
    private const string Script = """
        echo "disk=$(ls /sys/block | grep -c -E '^(sda|vda)$')"
        echo "tables=$(ls /sys/firmware/acpi/tables | grep -c -E '^(APIC|DSDT|FACP|HPET)$')"
        echo "vendor=$(cat /sys/class/dmi/id/sys_vendor)"
        echo "e820=$(dmesg | grep -c 'BIOS-e820: .*usable')"
        echo "processors=$(nproc)"
        """;

    [Theory]
    [InlineData("ide", "ata_piix", "sd_mod")]
    [InlineData("virtio", "virtio_pci", "virtio_blk")]
    public void Disk_withGrub_startsDebiansKernel(string bus, params string[] modules)
    {
        using FirmwareGuest guest = new FirmwareGuest().With("--cpus", "2", "--memory", "256M", "--no-reboot");
        Guests.Debian.KernelPackage kernel = GuestAssets.FetchKernel(GuestAssets.CloudKernel);
        byte[] initrd = GuestAssets.Initramfs(GuestAssets.CloudKernel, Script).AddModules(kernel, modules).Build();
        string disk = GrubDisk.Make(guest.Scratch, "disk.img", kernel.Image, initrd);

        HearthOutcome outcome = guest.With("--disk", $"{disk},bus={bus}").Run().AssertPoweredOff();

        Assert.Contains("GRUB loads the kernel", outcome.Console, StringComparison.Ordinal);
        Assert.Contains(InitramfsBuilder.InitMarker, outcome.Lines);
        Assert.Equal(("1", "4", "2"), (outcome.Value("disk"), outcome.Value("tables"), outcome.Value("processors")));
        Assert.Equal("Hearth", outcome.Value("vendor"));
        Assert.Empty(BrokenHardware.FindIn(outcome));
    }
}
