using System.Globalization;
using Hearth.Guests;

namespace Hearth.Boot.Tests;

/// <summary>A Debian system on a qcow2 image: GRUB, kernel, initial RAM disk, systemd. Made once by mmdebstrap and kept in the cache.</summary>
internal static class DebianDisk
{
    public const string HostName = "hearth";

    private const string Suite = "bookworm";
    private const string Packages = "linux-image-cloud-amd64,systemd-sysv,udev,login,kmod,iproute2,dbus,libpam-systemd";
    private const string FileSystem = "48454152-5448-4445-4249-414e00000012";
    private const int Mebibytes = 1024;

    // Its name changes with what is in it.
    private const string Name = "debian-12-1.qcow2";

    private static readonly Lock s_lock = new();

    /// <returns>The path of an image that the test may change.</returns>
    public static string Copy(ScratchDirectory scratch, string name)
    {
        string path = scratch[name];
        lock (s_lock)
            File.Copy(Make(), path);
        return path;
    }

    private static string Make()
    {
        string folder = Directory.CreateDirectory(Path.Combine(CacheDirectory.Default(), "guests")).FullName;
        string image = Path.Combine(folder, Name);
        if (File.Exists(image))
            return image;
        Assert.SkipUnless(Environment.UserName == "root", "only root can make a Debian system");
        using var scratch = new ScratchDirectory();
        string root = MakeRoot(scratch);
        string partition = scratch["partition"];
        HostCommand.Require("mke2fs", ["-q", "-t", "ext4", "-U", FileSystem, "-d", root, partition, string.Create(CultureInfo.InvariantCulture, $"{Mebibytes}M")]);
        string raw = GrubDisk.Assemble(scratch, "disk.img", partition, Configuration(root));
        string made = Path.Combine(folder, $"{Name}.{Environment.ProcessId}");
        HearthOutcome converted = HearthProcess.Run(["disk", "convert", raw, made, "--format", "qcow2"]);
        Assert.True(converted.ExitCode == 0, converted.Error);
        File.Move(made, image, overwrite: true);
        return image;
    }

    /// <summary>The system as a folder.</summary>
    private static string MakeRoot(ScratchDirectory scratch)
    {
        string root = scratch["system"];
        string[] settings =
        [
            $"echo {HostName} > \"$1/etc/hostname\"",
            $"echo 'UUID={FileSystem} / ext4 defaults 0 1' > \"$1/etc/fstab\"",
        ];
        GuestAssets.MakeDebian(["--quiet", "--variant=minbase", $"--include={Packages}", .. settings.Select(setting => $"--customize-hook={setting}"), Suite, root]);
        return root;
    }

    private static string Configuration(string root)
    {
        string boot = Path.Combine(root, "boot");
        string kernel = Path.GetFileName(Directory.GetFiles(boot, "vmlinuz-*").Single());
        string ram = Path.GetFileName(Directory.GetFiles(boot, "initrd.img-*").Single());
        return $"""
            set root=(hd0,msdos1)
            linux /boot/{kernel} root=UUID={FileSystem} ro quiet
            initrd /boot/{ram}
            boot

            """;
    }
}
