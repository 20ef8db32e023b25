namespace Hearth;

/// <summary>Where a user's programs keep what they can do without.</summary>
internal static class UserCache
{
    /// <summary>$HEARTH_CACHE, or else <c>~/.cache/hearth</c> ($XDG_CACHE_HOME; XDG Base Directory Specification). It need not exist yet.</summary>
    public static string Directory
    {
        get
        {
            string? given = Environment.GetEnvironmentVariable("HEARTH_CACHE");
            if (!string.IsNullOrEmpty(given))
                return given;
            string? caches = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
            if (string.IsNullOrEmpty(caches))
                caches = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify), ".cache");
            return Path.Combine(caches, "hearth");
        }
    }
}
