using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Hearth.Linux;
using Microsoft.Win32.SafeHandles;

namespace Hearth.Cpu.Software;

/// <summary>
/// Translated code kept from one run to the next: blocks by their guest bytes, for one build of the engine, one kind of host and one CPU model, all of
/// which the file's name stands for.
/// </summary>
/// <remarks>
/// The file: "HEARTHTC", a format number (4 bytes), 4 bytes of zero, the key and the SHA-256 of all records (32 each), the records (<see cref="KeptBlock"/>).
/// What it holds is executed, so it is read only when it and its folder belong to the user who runs this and nobody else may write to them, and used only when every byte is as it was written. It
/// is replaced as a whole, by renaming, so that machines may share it. Of the files of other builds and models the latest used ones stay.
/// </remarks>
internal sealed partial class TranslationFile
{
    private const int HeaderLength = 80;
    private const int KeyOffset = 16;
    private const int HashOffset = 48;
    private const int Format = 2;
    private const int MostFiles = 4;
    private const int NameLength = 16;
    private const string Extension = ".code";

    private const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly string _path;
    private readonly byte[] _key;

    /// <param name="directory">Created when it is written to.</param>
    /// <param name="identity">Everything that the code depends on besides guest bytes and mode.</param>
    public TranslationFile(string directory, string identity)
    {
        _key = SHA256.HashData(Encoding.UTF8.GetBytes(identity));
        _path = Path.Combine(directory, Convert.ToHexStringLower(_key)[..NameLength] + Extension);
    }

    private static ReadOnlySpan<byte> Magic => "HEARTHTC"u8;

    /// <summary>The records; empty when there is no file, or none that can be trusted.</summary>
    public ReadOnlyMemory<byte> Read(long longest)
    {
        try
        {
            if (!File.Exists(_path))
                return default;
            using FileDescriptor folder = FileDescriptor.Open(Path.GetDirectoryName(_path)!, FileAccessMode.Directory);
            using FileDescriptor file = FileDescriptor.Open(_path, FileAccessMode.Read);
            using var stream = new FileStream(new SafeFileHandle(file.Number, ownsHandle: false), FileAccess.Read, 0);
            if (!folder.IsOnlyMine() || !file.IsOnlyMine() || stream.Length < HeaderLength || stream.Length > longest)
                return default;
            byte[] bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            if (!IsWhole(bytes))
                return default;
            NoteUse(new FileInfo(_path));
            return bytes.AsMemory(HeaderLength);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or LinuxException)
        {
            return default;
        }
    }

    /// <summary>Replaces the file.</summary>
    /// <returns>False when the host does not let it be written; what was there stays.</returns>
    public bool TryWrite(ReadOnlySpan<byte> records)
    {
        var file = new FileInfo(_path);
        string temporary = $"{_path}.{Environment.ProcessId}";
        try
        {
            Directory.CreateDirectory(file.DirectoryName!, Owner | UnixFileMode.UserExecute);
            using (var to = new FileStream(temporary, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = Owner, BufferSize = 0 }))
            {
                Span<byte> header = stackalloc byte[HeaderLength];
                header.Clear();
                Magic.CopyTo(header);
                header[8] = Format;
                _key.CopyTo(header[KeyOffset..]);
                SHA256.HashData(records, header[HashOffset..]);
                to.Write(header);
                to.Write(records);
            }

            File.Move(temporary, _path, overwrite: true);
            DropOld(file.Directory!);
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            TryDelete(temporary);
            return false;
        }
    }

    private bool IsWhole(ReadOnlySpan<byte> bytes) => bytes.Length >= HeaderLength && bytes.StartsWith(Magic) && bytes[8] == Format &&
        bytes.Slice(KeyOffset, _key.Length).SequenceEqual(_key) &&
        SHA256.HashData(bytes[HeaderLength..]).AsSpan().SequenceEqual(bytes.Slice(HashOffset, SHA256.HashSizeInBytes));

    private static void NoteUse(FileInfo file)
    {
        try
        {
            file.LastWriteTimeUtc = DateTime.UtcNow;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // A folder that cannot be written to is as good to read from.
        }
    }

    /// <summary>Files of builds, hosts and models that are not used any more, and what runs have left that were killed while they wrote. Only files that are ours by name.</summary>
    private static void DropOld(DirectoryInfo directory)
    {
        FileInfo[] ours = [.. directory.EnumerateFiles().Where(file => Name().IsMatch(file.Name)).OrderByDescending(file => file.LastWriteTimeUtc)];
        IEnumerable<FileInfo> unused = ours.Where(file => file.Extension == Extension).Skip(MostFiles);
        IEnumerable<FileInfo> unfinished = ours.Where(file => file.Extension != Extension && file.LastWriteTimeUtc < DateTime.UtcNow.AddHours(-1));
        foreach (FileInfo file in unused.Concat(unfinished))
            TryDelete(file.FullName);
    }

    [GeneratedRegex(@"^[0-9a-f]{16}\.code(\.[0-9]+)?$")]
    private static partial Regex Name();

    private static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Then it stays, until it is old.
        }
    }
}
