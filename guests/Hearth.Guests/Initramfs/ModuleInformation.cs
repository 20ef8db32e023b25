using System.Buffers.Binary;
using System.Text;

namespace Hearth.Guests.Initramfs;

/// <summary>What a module says of itself in its .modinfo section: zero-terminated <c>key=value</c> strings.</summary>
internal sealed record ModuleInformation(IReadOnlyList<string> Depends, IReadOnlyList<string> Preferred)
{
    private const byte Class64 = 2;

    /// <exception cref="GuestsException">The module is no ELF file or is damaged.</exception>
    public static ModuleInformation Read(KernelModule module)
    {
        var depends = new List<string>();
        var preferred = new List<string>();
        try
        {
            string[] entries = Encoding.UTF8.GetString(FindSection(module.Content)).Split('\0', StringSplitOptions.RemoveEmptyEntries);
            foreach (string entry in entries)
            {
                if (entry.StartsWith("depends=", StringComparison.Ordinal))
                    depends.AddRange(entry["depends=".Length..].Split(',', StringSplitOptions.RemoveEmptyEntries));
                else if (entry.StartsWith("softdep=pre:", StringComparison.Ordinal))
                    preferred.AddRange(Before(entry["softdep=pre:".Length..], "post:").Split(' ', StringSplitOptions.RemoveEmptyEntries));
            }
        }
        catch (ArgumentOutOfRangeException error)
        {
            throw new GuestsException($"the kernel module {module.Name} is damaged", error);
        }

        return new ModuleInformation(depends, preferred);
    }

    /// <summary>Walks the section headers (System V gABI, chapter 4) of a 32-bit or 64-bit file.</summary>
    private static ReadOnlySpan<byte> FindSection(ReadOnlySpan<byte> file)
    {
        bool wide = file[4..][0] == Class64;
        int table = wide ? checked((int)BinaryPrimitives.ReadUInt64LittleEndian(file[40..])) : BinaryPrimitives.ReadInt32LittleEndian(file[32..]);
        ReadOnlySpan<byte> sizes = file[(wide ? 58 : 46)..];
        int entryLength = BinaryPrimitives.ReadUInt16LittleEndian(sizes);
        int count = BinaryPrimitives.ReadUInt16LittleEndian(sizes[2..]);
        int namesIndex = BinaryPrimitives.ReadUInt16LittleEndian(sizes[4..]);
        ReadOnlySpan<byte> names = Content(file, file.Slice(table + (namesIndex * entryLength), entryLength), wide);
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> section = file.Slice(table + (i * entryLength), entryLength);
            if (names[BinaryPrimitives.ReadInt32LittleEndian(section)..].StartsWith(".modinfo\0"u8))
                return Content(file, section, wide);
        }

        return [];
    }

    private static ReadOnlySpan<byte> Content(ReadOnlySpan<byte> file, ReadOnlySpan<byte> section, bool wide) => wide
        ? file.Slice((int)BinaryPrimitives.ReadUInt64LittleEndian(section[24..]), (int)BinaryPrimitives.ReadUInt64LittleEndian(section[32..]))
        : file.Slice(BinaryPrimitives.ReadInt32LittleEndian(section[16..]), BinaryPrimitives.ReadInt32LittleEndian(section[20..]));

    private static string Before(string text, string mark)
    {
        int at = text.IndexOf(mark, StringComparison.Ordinal);
        return at < 0 ? text : text[..at];
    }
}
