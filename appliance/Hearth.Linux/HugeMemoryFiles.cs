namespace Hearth.Linux;

/// <summary>Whether the kernel may put huge pages into memory files by itself (Linux, Documentation/admin-guide/mm/transhuge.rst).</summary>
public static class HugeMemoryFiles
{
    private const string Folder = "/sys/kernel/mm/transparent_hugepage";
    private const string Setting = "shmem_enabled";

    /// <returns>True where it may, and where that cannot be read: a write to one page may make others appear then, as zeros.</returns>
    public static bool ArePossible()
    {
        try
        {
            return Directory.Exists(Folder)
                && Directory.EnumerateFiles(Folder, Setting, SearchOption.AllDirectories).Any(file => IsTaken(File.ReadAllText(file)));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return true;
        }
    }

    /// <param name="setting">All values, that which holds in brackets. <c>inherit</c>, of one size, is the setting of all.</param>
    internal static bool IsTaken(string setting) => !(setting.Contains("[never]", StringComparison.Ordinal) || setting.Contains("[deny]", StringComparison.Ordinal)
        || setting.Contains("[advise]", StringComparison.Ordinal) || setting.Contains("[inherit]", StringComparison.Ordinal));
}
