using System.Buffers.Binary;

namespace Hearth.Storage;

/// <summary>
/// Images of other programs, by what they begin with. They are converted, not run on. A VHD that does not grow has its mark at the end only: it is a raw
/// disk with a sector more.
/// </summary>
public static class ForeignFormat
{
    /// <summary>Bytes from the beginning that tell.</summary>
    public const int StartLength = 512;

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
            throw new StorageException($"The disk '{file.Name}' is a {foreign} image: `hearth disk convert` makes one of it that can be used; if it is none, say that its format is raw.");
    }

    internal static string? Recognise(ImageFile file)
    {
        var start = new byte[StartLength];
        file.Read(start.AsMemory(0, (int)Math.Min(file.Length, StartLength)), 0);
        return Recognise(start);
    }

    /// <param name="start">The first <see cref="StartLength"/> bytes.</param>
    internal static string? Recognise(ReadOnlySpan<byte> start)
    {
        if (start.StartsWith("KDMV"u8) || start.StartsWith("COWD"u8) || start.StartsWith("# Disk DescriptorFile"u8))
            return "vmdk";
        if (start.StartsWith("vhdxfile"u8))
            return "vhdx";
        if (start.StartsWith("conectix"u8))
            return "vpc";
        if (start.StartsWith("QED\0"u8))
            return "qed";
        return BinaryPrimitives.ReadUInt32LittleEndian(start[VdiMagicOffset..]) == VdiMagic ? "vdi" : null;
    }
}
