using Microsoft.Win32.SafeHandles;

namespace Hearth.Store;

/// <summary>Files for their owner alone, whatever the folder they lie in allows: they have hashes of PINs.</summary>
internal static class PrivateFile
{
    private const UnixFileMode OnlyOwner = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Opens a file to be read and written; makes it where it is not there.</summary>
    public static SafeFileHandle Open(string path)
    {
        if (!File.Exists(path))
        {
            using var made = new FileStream(path, new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.Write, UnixCreateMode = OnlyOwner });
        }

        return File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.Read);
    }
}
