using Hearth.Testing;

namespace Hearth.Boot.Tests;

/// <summary>What Linux's own drivers draw is what a screenshot has, pixel for pixel.</summary>
public sealed class ScreenTests
{
    // The guest ends while its picture is on the screen: a system that goes down would take it away.
    private const string End = "printf '\\000' | dd of=/dev/port bs=1 seek=244 2>/dev/null";
    private const int EndExitCode = 1;

    // Anything that has no two like bytes beside each other is a good picture, and each guest has busybox. Its cursor would blink in it.
    private const string Draw = $"""
        while [ ! -e /dev/fb0 ]; do usleep 10000; done
        for console in /sys/class/vtconsole/*; do echo 0 > $console/bind; done
        echo "size=$(cat /sys/class/graphics/fb0/virtual_size) $(cat /sys/class/graphics/fb0/bits_per_pixel) $(cat /sys/class/graphics/fb0/stride)"
        cat /bin/busybox /bin/busybox /bin/busybox > /dev/fb0 2>/dev/null
        sleep 1
        {End}
        """;

    [Theory]
    [InlineData("std", "bochs")]
    [InlineData("virtio", "virtio_gpu")]
    public void Picture_drawnByTheGuest_isInTheScreenshot(string card, string driver)
    {
        using var guest = new TestGuest(GuestAssets.Kernel, Draw, "virtio_pci", driver);
        string file = guest.Scratch["screen.png"];

        HearthOutcome outcome = guest.With("--vga", card, "--screen", "1024x768", "--screenshot", file, "--debug-exit").Run();

        Assert.True(outcome.ExitCode == EndExitCode, $"exit code {outcome.ExitCode}\n{outcome.Console}\n{outcome.Error}");
        Assert.Equal("1024,768 32 4096", outcome.Value("size"));
        uint[] pixels = PngFile.Read(File.ReadAllBytes(file), out int width, out int height);
        Assert.Equal((1024, 768), (width, height));
        byte[] busybox = GuestAssets.Busybox(GuestAssets.Kernel);
        for (int at = 0; at < pixels.Length; at++)
        {
            uint expected = busybox[at * 4 % busybox.Length] | ((uint)busybox[((at * 4) + 1) % busybox.Length] << 8) | ((uint)busybox[((at * 4) + 2) % busybox.Length] << 16);
            Assert.True(expected == pixels[at], $"the pixel {at % width}, {at / width} is 0x{pixels[at]:x6} and not 0x{expected:x6}");
        }

        Assert.Empty(BrokenHardware.FindIn(outcome));
    }

    [Theory]
    [InlineData("std", "bochs")]
    [InlineData("virtio", "virtio_gpu")]
    public void Console_ofTheGuest_isReadOnTheScreen(string card, string driver)
    {
        const string Script = $"""
            while [ ! -e /dev/fb0 ]; do usleep 10000; done
            printf '\033c\033[?25lHearth\n' > /dev/tty1
            sleep 1
            {End}
            """;
        using var guest = new TestGuest(GuestAssets.Kernel, Script, "virtio_pci", driver);
        string file = guest.Scratch["screen.png"];

        HearthOutcome outcome = guest.With("--vga", card, "--screenshot", file, "--debug-exit").Run();

        Assert.True(outcome.ExitCode == EndExitCode, $"exit code {outcome.ExitCode}\n{outcome.Console}\n{outcome.Error}");
        uint[] pixels = PngFile.Read(File.ReadAllBytes(file), out int width, out _);
        int[] lit = [.. Enumerable.Range(0, pixels.Length).Where(at => pixels[at] != 0)];

        // Six characters of 8 by 16 dots in the upper left corner, and no other.
        Assert.InRange(lit.Length, 60, 6 * 8 * 16 / 2);
        Assert.All(lit, at => Assert.True(at % width < 6 * 8 && at / width < 16));
        Assert.Equal(0xAAAAAAU, pixels[lit[0]]);
    }

    [Fact]
    public void Resize_whileTheGuestRuns_isFollowed()
    {
        const string Script = $"""
            while [ ! -e /dev/fb0 ]; do usleep 10000; done
            echo "before=$(head -n 1 /sys/class/drm/card0-Virtual-1/modes)"
            while [ "$(head -n 1 /sys/class/drm/card0-Virtual-1/modes)" != 800x600 ]; do usleep 10000; done
            echo "after=$(head -n 1 /sys/class/drm/card0-Virtual-1/modes)"
            sleep 1
            {End}
            """;
        using var guest = new TestGuest(GuestAssets.Kernel, Script, "virtio_pci", "virtio_gpu");
        string file = guest.Scratch["screen.png"];

        HearthOutcome outcome = guest.With("--vga", "virtio", "--resize", "800x600" + TestEngine.After(30), "--screenshot", file, "--debug-exit").Run();

        Assert.Equal("1024x768", outcome.Value("before"));
        Assert.Equal("800x600", outcome.Value("after"));
        PngFile.Read(File.ReadAllBytes(file), out int width, out int height);
        Assert.Equal((800, 600), (width, height));
    }
}
