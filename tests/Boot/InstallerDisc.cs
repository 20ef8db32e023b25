namespace Hearth.Boot.Tests;

/// <summary>A CD that GRUB starts Debian's graphical installer from. Debian's package has kernel and initial RAM disk, for a network; no disc.</summary>
internal static class InstallerDisc
{
    // 800x600 in 65536 colours, set by the kernel through the VGA BIOS.
    private const string Configuration = """
        set root=(cd)
        linux /linux vga=788 ---
        initrd /initrd.gz
        boot

        """;

    /// <returns>The path of the image.</returns>
    public static string Make(ScratchDirectory scratch)
    {
        string folder = Directory.CreateDirectory(scratch["disc"]).FullName;
        foreach (string name in (string[])["linux", "initrd.gz"])
            File.CreateSymbolicLink(Path.Combine(folder, name), GuestAssets.InstallerFile(name));
        string configuration = scratch["grub.cfg"];
        File.WriteAllText(configuration, Configuration);
        GuestAssets.MakeGrubImage(
            "-O", "i386-pc-eltorito", "-d", GuestAssets.GrubFolder(), "-o", Path.Combine(folder, "grub.img"), "-p", "/", "-c", configuration, "biosdisk", "iso9660", "linux", "boot");
        string image = scratch["installer.iso"];
        GuestAssets.MakeIso(
            "-quiet", "-R", "-f", "-o", image, "-b", "grub.img", "-c", "boot.cat", "-no-emul-boot", "-boot-load-size", "4", "-boot-info-table", folder);
        return image;
    }
}
