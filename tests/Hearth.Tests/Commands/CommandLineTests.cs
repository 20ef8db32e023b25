using System.Diagnostics;
using Hearth.Protocol;

namespace Hearth.Tests.Commands;

/// <summary>The command as a process, as far as it comes without a guest.</summary>
public sealed class CommandLineTests
{
    [Theory]
    [InlineData("vm run", "nothing to run: give a disk with --disk FILE, a CD with --cdrom FILE, a kernel with --kernel FILE")]
    [InlineData("vm run --disk /nonexistent --firmware /dev/null", "The disk /nonexistent: No such file or directory")]
    [InlineData("vm run --disk /dev/null,bus=scsi", "--disk /dev/null,bus=scsi: scsi is neither virtio nor ide")]
    [InlineData("vm run --disk /dev/null --boot floppy", "--boot floppy: floppy is none of disk, cd, net and menu")]
    [InlineData("vm run --disk /dev/null --boot disk,", "--boot disk,: nothing is none of disk, cd, net and menu")]
    [InlineData("vm run --kernel /dev/null --boot disk", "--boot does not go with --kernel FILE")]
    [InlineData("vm run --kernel /dev/null --firmware seabios", "--firmware and --firmware-log do not go with --kernel FILE")]
    [InlineData("vm run --cdrom /nonexistent", "--cdrom: /nonexistent: No such file or directory")]
    [InlineData("vm run --bogus", "'--bogus'")]
    [InlineData("vm run --kernel", "'--kernel'")]
    [InlineData("vm run --kernel /nonexistent", "--kernel: /nonexistent: No such file or directory")]
    [InlineData("vm run --kernel /", "--kernel: / is a directory")]
    [InlineData("vm run --kernel /dev/null --cpus 0", "--cpus 0 is not between 1 and 8")]
    [InlineData("vm run --kernel /dev/null --cpus 300", "--cpus 300 is not between 1 and 8")]
    [InlineData("vm run --kernel /dev/null --memory 0", "--memory 0 is too little")]
    [InlineData("vm run --kernel /dev/null --memory 1000000G", "--memory 1000000G is more than this host has")]
    [InlineData("vm run --kernel /dev/null --engine steam", "--engine steam is none of auto, software and kvm")]
    [InlineData("vm run --kernel /dev/null --paravirtual xen", "--paravirtual xen is none of kvm, hyperv and none")]
    [InlineData("vm run --kernel /dev/null --net user --passt /nonexistent", "cannot start /nonexistent: No such file or directory")]
    [InlineData("vm run --kernel /dev/null --serial stdio --console stdio", "only one of them can have the terminal")]
    [InlineData("vm run --kernel /dev/null --save /dev/null", "--save: /dev/null exists already")]
    [InlineData("vm run --restore /dev/null --initrd /dev/null", "need --kernel FILE")]
    [InlineData("vm run --kernel /dev/null --input usb", "--input usb is neither ps2 nor virtio")]
    [InlineData("vm run --kernel /dev/null --keys <nokey>", "there is no key <nokey>")]
    [InlineData("vm run --kernel /dev/null --sound loud", "--sound loud is none of hda, wav:FILE and none")]
    [InlineData("vm run --kernel /dev/null --sound wav:", "--sound wav: is none of hda, wav:FILE and none")]
    [InlineData("vm run --kernel /dev/null --sound wav:/nonexistent/a.wav", "--sound: /nonexistent/a.wav: No such file or directory")]
    [InlineData("vm run --kernel /dev/null --microphone /dev/null", "--microphone needs a sound card")]
    [InlineData("vm run --kernel /dev/null --sound hda --microphone /nonexistent", "--microphone: /nonexistent: No such file or directory")]
    [InlineData("vm run --kernel /dev/null --vga cirrus", "--vga cirrus is none of std, virtio and none")]
    [InlineData("vm run --kernel /dev/null --vga std --screen 10x10", "--screen 10x10 is no size like 1024x768")]
    [InlineData("vm run --kernel /dev/null --vga std --screen 8192x8192", "--screen 8192x8192 is no size like 1024x768")]
    [InlineData("vm run --kernel /dev/null --screenshot a.png", "--screen, --screenshot and --resize need a graphics card")]
    [InlineData("vm run --kernel /dev/null --screen 800x600", "--screen, --screenshot and --resize need a graphics card")]
    [InlineData("vm run --disk /dev/null --boot disk,cd,disk", "--boot disk,cd,disk says disk twice")]
    [InlineData("vm run --kernel /dev/null --vga std --screenshot /nonexistent/a.png", "--screenshot: /nonexistent: No such file or directory")]
    [InlineData("vm run --kernel /dev/null --vga std --screenshot /", "--screenshot: / is a directory")]
    [InlineData("vm run --kernel /dev/null --vga std --screenshot a.png,after=soon", "soon is no number of seconds")]
    [InlineData("vm run --kernel /dev/null --vga std --resize 800x600", "--resize 800x600 does not say when")]
    [InlineData("watch-screen", "hearth watch-screen is for hearth itself")]
    [InlineData("doctor --bogus", "'--bogus'")]
    [InlineData("doctor bogus", "'bogus'")]
    [InlineData("bogus", "'bogus'")]
    public void Run_aMistake_givesOneSentenceAndItsCode(string arguments, string expected)
    {
        (int code, string output, string error) = Run(arguments);

        AssertOneSentence(expected, code, output, error);
    }

    [Theory]
    [InlineData("--kernel")]
    [InlineData("--disk")]
    [InlineData("--serial")]
    [InlineData("--console")]
    [InlineData("--save")]
    public void Run_anEmptyFileName_saysWhoseItIs(string option)
    {
        (int code, string output, string error) = Run(["vm", "run", "--restore", "/dev/null", option, ""]);

        AssertOneSentence($"{option} needs the name of a file", code, output, error);
    }

    private static void AssertOneSentence(string expected, int code, string output, string error)
    {
        Assert.Equal(ExitCode.Configuration, code);
        Assert.Empty(output);
        Assert.StartsWith("hearth: ", error, StringComparison.Ordinal);
        Assert.EndsWith(".\n", error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd('\n').Split('\n'));
        Assert.Contains(expected, error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--help", "hearth [command]")]
    [InlineData("vm run --help", "--kernel <FILE>")]
    [InlineData("vm run --help", "Ctrl-A X")]
    [InlineData("doctor --help", "--json")]
    [InlineData("--help", "doctor")]
    [InlineData("", "hearth [command]")]
    [InlineData("vm", "hearth vm [command]")]
    public void Run_help_isOnStandardOutput(string arguments, string expected)
    {
        (int code, string output, string error) = Run(arguments);

        Assert.Equal(ExitCode.Success, code);
        Assert.Contains(expected, output, StringComparison.Ordinal);
        Assert.Empty(error);
    }

    private static (int Code, string Output, string Error) Run(string arguments) =>
        Run(arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries));

    private static (int Code, string Output, string Error) Run(string[] arguments)
    {
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "hearth"), arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        string error = process.StandardError.ReadToEnd();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error);
    }
}
