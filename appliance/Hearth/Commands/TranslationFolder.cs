using Hearth.Linux;

namespace Hearth.Commands;

/// <summary>The folder that <c>--translation-cache</c> names. Nobody is told of a default one that is of no use: then nothing is kept.</summary>
internal static class TranslationFolder
{
    private const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>Makes the folder if it is not there, and finds out whether it can be used.</summary>
    /// <returns>Its full path.</returns>
    /// <exception cref="UsageException">It cannot.</exception>
    public static string Prepare(string text)
    {
        string path = Path.GetFullPath(text);
        if (File.Exists(path))
            throw new UsageException($"--translation-cache {text} is no folder");
        try
        {
            Directory.CreateDirectory(path, Owner);
            using FileDescriptor folder = FileDescriptor.Open(path, FileAccessMode.Directory);
            if (!folder.IsOnlyMine())
                throw new UsageException($"--translation-cache {text} is another user's or can be written to by others, and code there cannot be trusted");
            string trial = Path.Combine(path, $"{Environment.ProcessId}.trial");
            File.Create(trial, 1, FileOptions.DeleteOnClose).Dispose();
            return path;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or LinuxException)
        {
            throw new UsageException($"--translation-cache {text} cannot be written to");
        }
    }
}
