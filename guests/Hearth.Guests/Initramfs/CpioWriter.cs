using System.Globalization;
using System.Text;

namespace Hearth.Guests.Initramfs;

/// <summary>
/// Writes the cpio format a Linux kernel unpacks as its first root ("newc"; Documentation/driver-api/early-userspace/buffer-format.rst).
/// The same calls give the same bytes: every time stamp and owner is 0.
/// </summary>
public sealed class CpioWriter(Stream to)
{
    private const uint DirectoryType = 0x4000;
    private const uint DeviceType = 0x2000;
    private const uint FileType = 0x8000;
    private const uint LinkType = 0xA000;
    private const string Trailer = "TRAILER!!!";

    private readonly Stream _to = to;
    private uint _inode;
    private long _written;

    /// <param name="path">Relative to the root, without a leading slash.</param>
    public void AddDirectory(string path) => Add(path, DirectoryType | 0x1ED, [], 0, 0);

    /// <inheritdoc cref="AddDirectory"/>
    public void AddFile(string path, ReadOnlySpan<byte> content, bool executable) =>
        Add(path, FileType | (executable ? 0x1EDu : 0x1A4u), content, 0, 0);

    /// <inheritdoc cref="AddDirectory"/>
    public void AddLink(string path, string target) => Add(path, LinkType | 0x1FF, Encoding.UTF8.GetBytes(target), 0, 0);

    /// <inheritdoc cref="AddDirectory"/>
    public void AddCharacterDevice(string path, uint major, uint minor) => Add(path, DeviceType | 0x180, [], major, minor);

    /// <summary>Ends the archive.</summary>
    public void Finish()
    {
        _inode = 0;
        Add(Trailer, 0, [], 0, 0, isTrailer: true);
    }

    private void Add(string path, uint mode, ReadOnlySpan<byte> content, uint major, uint minor, bool isTrailer = false)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        byte[] name = Encoding.UTF8.GetBytes(path + '\0');
        uint inode = isTrailer ? 0 : ++_inode;

        // inode, mode, uid, gid, links, mtime, size, device of the file (2), device it stands for (2), name length, checksum
        uint[] fields = [inode, mode, 0, 0, 1, 0, (uint)content.Length, 0, 0, major, minor, (uint)name.Length, 0];
        var header = new StringBuilder("070701");
        foreach (uint field in fields)
            header.Append(field.ToString("x8", CultureInfo.InvariantCulture));
        Write(Encoding.ASCII.GetBytes(header.ToString()));
        Write(name);
        Pad();
        Write(content);
        Pad();
    }

    private void Write(ReadOnlySpan<byte> bytes)
    {
        _to.Write(bytes);
        _written += bytes.Length;
    }

    private void Pad()
    {
        ReadOnlySpan<byte> zeros = [0, 0, 0];
        Write(zeros[..(int)(-_written & 3)]);
    }
}
