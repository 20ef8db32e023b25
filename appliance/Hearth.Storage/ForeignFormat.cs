using System.Buffers.Binary;

namespace Hearth.Storage;

/// <summary>Images of other programs, by what they begin or end with. They are converted, not run on.</summary>
public static class ForeignFormat
{
    private const int StartLength = 512;
    private const int FooterLength = 512;
    private const int VdiMagicOffset = 64;
    private const uint VdiMagic = 0xBEDA107F;

    /// <summary>The names that <c>qemu-img</c> has for them.</summary>
    public static IReadOnlyList<string> Names { get; } = ["vmdk", "vdi", "vhdx", "vpc", "qed"];

    /// <returns>One of <see cref="Names"/>; null for a file that is none of them.</returns>
    /// <exception cref="StorageException">It is missing, in use, or cannot be read.</exception>
    public static string? Recognise(string path)
    {
        using ImageFile file = DiskInspection.Open(path, isReadOnly: true);
        return Recognise(file);
    }

    /// <exception cref="StorageException">It is one of them.</exception>
    internal static void RequireNone(ImageFile file)
    {
        if (Recognise(file) is { } foreign)
            throw new StorageException($"The disk '{file.Name}' is a {foreign} image: `hearth disk convert` makes one of it that can be used.");
    }

    internal static string? Recognise(ImageFile file)
    {
        var start = new byte[StartLength];
        file.Read(start.AsMemory(0, (int)Math.Min(file.Length, StartLength)), 0);
        if (start.AsSpan().StartsWith("KDMV"u8) || start.AsSpan().StartsWith("# Disk DescriptorFile"u8))
            return "vmdk";
        if (start.AsSpan().StartsWith("vhdxfile"u8))
            return "vhdx";
        if (start.AsSpan().StartsWith("QED\0"u8))
            return "qed";
        if (BinaryPrimitives.ReadUInt32LittleEndian(start.AsSpan(VdiMagicOffset)) == VdiMagic)
            return "vdi";
        return HasVhdMark(start) || (file.Length >= FooterLength && HasVhdMark(ReadFooter(file))) ? "vpc" : null;
    }

    /// <summary>A VHD that does not grow has its mark at the end only (Virtual Hard Disk Image Format Specification, "Hard Disk Footer Format").</summary>
    private static byte[] ReadFooter(ImageFile file)
    {
        var footer = new byte[FooterLength];
        file.Read(footer, file.Length - FooterLength);
        return footer;
    }

    private static bool HasVhdMark(ReadOnlySpan<byte> sector) => sector.StartsWith("conectix"u8);
}
