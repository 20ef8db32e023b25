using System.Buffers.Binary;
using Hearth.Guests;

namespace Hearth.Disks;

/// <summary>Images of other programs, which Debian's <c>qemu-img</c> can read.</summary>
internal static class ForeignImage
{
    private const int StartLength = 512;
    private const int VdiMagicOffset = 64;
    private const uint VdiMagic = 0xBEDA107F;

    /// <returns>qemu-img's name for the format; null when it is none of them.</returns>
    /// <exception cref="UsageException">The file cannot be read.</exception>
    public static string? Recognise(string path)
    {
        var start = new byte[StartLength];
        try
        {
            using FileStream file = File.OpenRead(path);
            _ = file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"{path} cannot be read: {error.Message.TrimEnd('.')}", error);
        }

        if (start.AsSpan().StartsWith("KDMV"u8) || start.AsSpan().StartsWith("# Disk DescriptorFile"u8))
            return "vmdk";
        if (start.AsSpan().StartsWith("vhdxfile"u8))
            return "vhdx";
        return BinaryPrimitives.ReadUInt32LittleEndian(start.AsSpan(VdiMagicOffset)) == VdiMagic ? "vdi" : null;
    }

    /// <summary>Has <c>qemu-img</c> convert an image. The target appears when it is whole.</summary>
    /// <exception cref="UsageException">There is no qemu-img, or it failed; nothing is left behind.</exception>
    public static void Convert(string source, string format, string target, string targetFormat)
    {
        string program = HostCommand.Find("qemu-img")
            ?? throw new UsageException($"{source} is a {format} image, and reading that needs qemu-img: install it with `apt-get install qemu-utils`");
        if (Path.Exists(target))
            throw new UsageException($"{target} exists already");
        string unfinished = $"{target}.{Environment.ProcessId}";
        try
        {
            CommandResult result = HostCommand.Run(program, ["convert", "-f", format, "-O", targetFormat, source, unfinished]);
            if (result.ExitCode != 0)
                throw new UsageException($"{source} cannot be converted: {result.LastWords.TrimEnd('.')}");
            File.Move(unfinished, target, overwrite: false);
        }
        catch (Exception error) when (error is GuestsException or IOException)
        {
            throw new UsageException($"{source} cannot be converted: {error.Message.TrimEnd('.')}", error);
        }
        finally
        {
            File.Delete(unfinished);
        }
    }
}
