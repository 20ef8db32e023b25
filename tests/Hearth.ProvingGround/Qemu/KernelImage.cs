using System.Buffers.Binary;
using System.Diagnostics;
using Hearth.Guests;
using Hearth.Guests.Debian;

namespace Hearth.Proving.Qemu;

/// <summary>
/// Takes the ELF file out of a bzImage and keeps it in the cache. QEMU starts it by its PVH note: the kernel does not have to unpack itself on
/// the emulated processor, which for Debian's takes twice as long as all that follows until its init.
/// </summary>
internal static class KernelImage
{
    private const int SectorSize = 512;
    private const int SetupSectors = 0x1F1;
    private const int PayloadOffset = 0x248;
    private const int PayloadLength = 0x24C;

    private static ReadOnlySpan<byte> XzMagic => [0xFD, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0];

    /// <returns>The path of the ELF file; of the bzImage itself when that is compressed in another way than with xz.</returns>
    /// <exception cref="GuestsException">There is no xz, or the kernel is damaged.</exception>
    public static string Unpack(KernelPackage kernel, PackageCache cache, string directory)
    {
        string path = Path.Combine(directory, $"vmlinux-{kernel.Release}-{kernel.Package.Version.Replace(':', '%')}");
        if (File.Exists(path))
            return path;
        byte[] image = File.ReadAllBytes(kernel.Image);
        ReadOnlyMemory<byte> payload = Payload(image);
        if (!payload.Span.StartsWith(XzMagic))
            return kernel.Image;

        // Other runs may do the same at the same time: each has a file of its own until it is whole.
        string unpacked = $"{path}.{Environment.ProcessId}";
        RunXz(cache, payload, unpacked);
        File.Move(unpacked, path, overwrite: true);
        return path;
    }

    /// <summary>payload_offset and payload_length (Documentation/arch/x86/boot.rst) without the kernel's size, which ends the payload.</summary>
    private static ReadOnlyMemory<byte> Payload(byte[] image)
    {
        int start = ((image[SetupSectors] + 1) * SectorSize) + BinaryPrimitives.ReadInt32LittleEndian(image.AsSpan(PayloadOffset));
        return image.AsMemory(start, BinaryPrimitives.ReadInt32LittleEndian(image.AsSpan(PayloadLength)) - sizeof(int));
    }

    private static void RunXz(PackageCache cache, ReadOnlyMemory<byte> compressed, string to)
    {
        DebianProgram program = DebianProgram.Find(cache, "usr/bin/xz", "xz-utils");
        var start = new ProcessStartInfo(program.Path, ["--decompress", "--stdout"]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        foreach ((string name, string value) in program.Environment)
            start.Environment[name] = value;
        using Process xz = Process.Start(start)!;
        using (FileStream file = File.Create(to))
        {
            Task reading = xz.StandardOutput.BaseStream.CopyToAsync(file);
            using (Stream input = xz.StandardInput.BaseStream)
                input.Write(compressed.Span);
            reading.GetAwaiter().GetResult();
        }

        xz.WaitForExit();
        if (xz.ExitCode == 0)
            return;
        File.Delete(to);
        throw new GuestsException($"xz cannot unpack the kernel: it ended with exit code {xz.ExitCode}");
    }
}
