using Hearth.Linux.Jail;

namespace Hearth.Linux.Tests.Jail;

/// <summary>A folder that any user can read, with the program that is put into jails and what it is given.</summary>
public sealed class JailHost : IDisposable
{
    private const uint FirstUser = 70_000;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("hearth-jail-");
    private uint _users;

    public JailHost()
    {
        const UnixFileMode Everybody = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead
            | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;
        File.SetUnixFileMode(_folder.FullName, Everybody);
        Directory.CreateDirectory(RootFolder, Everybody);
        foreach (string file in Directory.EnumerateFiles(AppContext.BaseDirectory, "hearth-hostile*").Append(Path.Combine(AppContext.BaseDirectory, "Hearth.Linux.dll")))
        {
            string copy = Path.Combine(_folder.FullName, Path.GetFileName(file));
            File.Copy(file, copy);
            File.SetUnixFileMode(copy, Everybody);
        }

        File.WriteAllText(DataFile, new string('x', 8192));
        File.SetUnixFileMode(DataFile, Everybody | UnixFileMode.OtherWrite);
    }

    /// <summary>Where the runtime of this process lies.</summary>
    public static string RuntimeFolder { get; } = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "..", "..", ".."));

    public string Program => Path.Combine(_folder.FullName, "hearth-hostile");

    /// <summary>Anybody may write to it: only how it is opened says who does.</summary>
    public string DataFile => Path.Combine(_folder.FullName, "data");

    public string RootFolder => Path.Combine(_folder.FullName, "root");

    public string SocketPath => Path.Combine(_folder.FullName, "socket");

    /// <summary>A user for the next program; null when this is not root, and there is no choice.</summary>
    public JailUser? NextUser()
    {
        uint number = FirstUser + Interlocked.Increment(ref _users);
        return Environment.IsPrivilegedProcess ? new JailUser(number, number) : null;
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
