using System.Security.Cryptography;
using System.Text;

namespace Hearth.Cpu.Software;

/// <summary>
/// Translated code kept from one run to the next: blocks by their guest bytes, for one build of the engine, one kind of host and one CPU model, all of
/// which the file's name stands for.
/// </summary>
/// <remarks>
/// The file: "HEARTHTC", a format number (4 bytes), 4 bytes of zero, the key and the SHA-256 of all records (32 each), the records (<see cref="KeptBlock"/>).
/// What it holds is executed, so it is read only when nobody but its owner may write to it and its folder, and used only when every byte is as it was written. It
/// is replaced as a whole, by renaming, so that machines may share it.
/// </remarks>
internal sealed class TranslationFile
{
    private const int HeaderLength = 80;
    private const int KeyOffset = 16;
    private const int HashOffset = 48;
    private const int Format = 1;

    private const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode Others = UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;

    private readonly string _path;
    private readonly byte[] _key;

    /// <param name="directory">Created when it is written to.</param>
    /// <param name="identity">Everything that the code depends on besides guest bytes and mode.</param>
    public TranslationFile(string directory, string identity)
    {
        _key = SHA256.HashData(Encoding.UTF8.GetBytes(identity));
        _path = Path.Combine(directory, Convert.ToHexStringLower(_key.AsSpan(0, 8)) + ".code");
    }

    private static ReadOnlySpan<byte> Magic => "HEARTHTC"u8;

    /// <summary>The records; empty when there is no file, or none that can be trusted.</summary>
    public ReadOnlyMemory<byte> Read(long longest)
    {
        try
        {
            var file = new FileInfo(_path);
            if (!file.Exists || file.Length < HeaderLength || file.Length > longest || (file.UnixFileMode & Others) != 0 || (file.Directory!.UnixFileMode & Others) != 0)
                return default;
            byte[] bytes = File.ReadAllBytes(_path);
            return IsWhole(bytes) ? bytes.AsMemory(HeaderLength) : default;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return default;
        }
    }

    /// <summary>Replaces the file.</summary>
    /// <returns>False when the host does not let it be written; what was there stays.</returns>
    public bool TryWrite(ReadOnlySpan<byte> records)
    {
        string temporary = $"{_path}.{Environment.ProcessId}";
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_path)!, Owner | UnixFileMode.UserExecute);
            using (var file = new FileStream(temporary, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = Owner, BufferSize = 0 }))
            {
                Span<byte> header = stackalloc byte[HeaderLength];
                header.Clear();
                Magic.CopyTo(header);
                header[8] = Format;
                _key.CopyTo(header[KeyOffset..]);
                SHA256.HashData(records, header[HashOffset..]);
                file.Write(header);
                file.Write(records);
            }

            File.Move(temporary, _path, overwrite: true);
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

    private static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Then it stays; the next run of the same process id writes over it.
        }
    }
}
