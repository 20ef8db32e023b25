using System.Text.RegularExpressions;
using Hearth.Testing;

namespace Hearth.Boot.Tests;

/// <summary>Whole systems, from SeaBIOS to what a person would see on the screen.</summary>
public sealed partial class SystemTests
{
    private const int LookSeconds = 5;

    /// <summary>$HEARTH_PICTURES names a folder that gets a picture of each system, to be looked at.</summary>
    private static readonly string? s_pictures = Environment.GetEnvironmentVariable("HEARTH_PICTURES");

    [Fact]
    public void Memtest_fromItsCd_runsItsFirstTestsWithoutAnError()
    {
        using FirmwareGuest guest = new FirmwareGuest().With("--cdrom", GuestAssets.MemtestDisc(), "--memory", "64M", "--vga", "std");
        var screen = new WatchedScreen(guest.Scratch, LookSeconds);
        using HearthProcess process = guest.With(screen.Arguments).Start();

        string picture = screen.WaitFor(process, ScreenText.Read, rows => rows.Any(row => LaterTest().IsMatch(row)));

        Assert.Contains(ScreenText.Read(picture), row => row.EndsWith("Errors: 0", StringComparison.Ordinal));
        Keep(picture, "memtest86+.png");
    }

    /// <summary>From a qcow2 image, through GRUB, Debian's initial RAM disk and systemd to the first virtual console.</summary>
    [Theory(Explicit = true)]
    [InlineData("virtio")]
    [InlineData("ide")]
    public void Debian_fromItsDisk_comesToALoginOnTheScreen(string bus)
    {
        using FirmwareGuest guest = new FirmwareGuest().With("--memory", "512M", "--vga", "std");
        string disk = DebianDisk.Copy(guest.Scratch, "debian.qcow2");
        var screen = new WatchedScreen(guest.Scratch, LookSeconds);
        using HearthProcess process = guest.With("--disk", $"{disk},bus={bus}").With(screen.Arguments).Start();

        string picture = screen.WaitFor(process, ScreenText.Read, rows => rows.Any(row => row.StartsWith($"{DebianDisk.HostName} login:", StringComparison.Ordinal)));

        Assert.Contains(ScreenText.Read(picture), row => row.StartsWith("Debian GNU/Linux 12", StringComparison.Ordinal));
        process.End();
        process.WaitForExit();
        HearthOutcome check = HearthProcess.Run(["disk", "check", disk]);
        Assert.True(check.ExitCode == 0, check.Console + check.Error);
        Keep(picture, $"debian-{bus}.png");
    }

    /// <summary>Debian's installer with its windows; a screen of one of the modes of VESA.</summary>
    [Fact(Explicit = true)]
    public void Installer_fromItsCd_showsItsFirstPicture()
    {
        // Letters with smooth edges have many colours; a text screen has sixteen.
        const int ManyColours = 100;
        using FirmwareGuest guest = new FirmwareGuest().With("--memory", "1536M", "--vga", "std");
        var screen = new WatchedScreen(guest.Scratch, LookSeconds);
        using HearthProcess process = guest.With("--cdrom", InstallerDisc.Make(guest.Scratch)).With(screen.Arguments).Start();

        string picture = screen.WaitFor(process, Colours, seen => seen.Width >= 800 && seen.Colours > ManyColours);

        Keep(picture, "installer.png");
    }

    [GeneratedRegex("Test #([4-9]|10)")]
    private static partial Regex LaterTest();

    private static (int Width, int Colours) Colours(string file)
    {
        // A banner comes first, at the top.
        uint[] pixels = PngFile.Read(File.ReadAllBytes(file), out int width, out int height);
        return (width, pixels.Skip(height / 8 * width).Distinct().Count());
    }

    private static void Keep(string picture, string name)
    {
        if (s_pictures is not null)
            File.Copy(picture, Path.Combine(s_pictures, name), overwrite: true);
    }
}
