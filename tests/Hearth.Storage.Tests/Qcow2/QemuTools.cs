using Hearth.Guests;
using Hearth.Guests.Debian;

namespace Hearth.Storage.Tests.Qcow2;

/// <summary>Debian's qemu-img and qemu-io, the other implementation of the format: the host's, or those of the package cache.</summary>
internal static class QemuTools
{
    private static readonly Lazy<DebianProgram> s_tools = new(() => DebianProgram.Find(PackageCache.Default(), "usr/bin/qemu-img", "qemu-utils"));

    /// <summary>Runs <c>qemu-img</c>, which must succeed.</summary>
    public static string Image(params string[] arguments) => Require("qemu-img", arguments);

    /// <summary>Runs commands of <c>qemu-io</c> on a qcow2 image.</summary>
    public static string Io(string image, params string[] commands) =>
        Require("qemu-io", ["-f", "qcow2", .. commands.SelectMany(command => new[] { "-c", command }), image]);

    /// <summary>Fails unless <c>qemu-img check</c> finds nothing at all.</summary>
    public static void AssertClean(string image)
    {
        CommandResult result = Run("qemu-img", ["check", "-f", "qcow2", image]);
        Assert.True(result.ExitCode == 0, $"qemu-img check ended with {result.ExitCode}:\n{result.Output}{result.Error}");
    }

    /// <summary>Fails unless the disk has these bytes.</summary>
    public static void AssertContent(string image, byte[] expected)
    {
        string raw = image + ".raw";
        _ = Image("convert", "-f", "qcow2", "-O", "raw", image, raw);
        byte[] content = File.ReadAllBytes(raw);
        File.Delete(raw);
        Assert.True(expected.AsSpan().SequenceEqual(content), $"the disks differ from offset {expected.AsSpan().CommonPrefixLength(content)} on");
    }

    private static string Require(string program, IReadOnlyList<string> arguments)
    {
        CommandResult result = Run(program, arguments);
        Assert.True(result.ExitCode == 0, $"{program} {string.Join(' ', arguments)}: {result.Output}{result.Error}");
        return result.Output;
    }

    /// <remarks>
    /// An image that was closed is locked for a moment longer when another test starts a program just then: its child has all descriptors until it
    /// becomes that program.
    /// </remarks>
    private static CommandResult Run(string name, IReadOnlyList<string> arguments)
    {
        const int Tries = 50;
        CommandResult result = s_tools.Value.Beside(name).Run(arguments);
        for (int i = 0; i < Tries && result.Error.Contains("Failed to lock byte", StringComparison.Ordinal); i++)
        {
            Thread.Sleep(20);
            result = s_tools.Value.Beside(name).Run(arguments);
        }

        return result;
    }
}
