namespace Hearth.Guests;

/// <summary>Where everything that is fetched or built for guests is kept between runs.</summary>
public static class CacheDirectory
{
    /// <summary>$HEARTH_CACHE, or else <c>~/.cache/hearth</c> ($XDG_CACHE_HOME). It need not exist yet.</summary>
    public static string Default()
    {
        string? given = Environment.GetEnvironmentVariable("HEARTH_CACHE");
        if (!string.IsNullOrEmpty(given))
            return given;
        string? caches = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
        if (string.IsNullOrEmpty(caches))
            caches = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify), ".cache");
        return Path.Combine(caches, "hearth");
    }

    /// <summary>Creates a folder of the cache.</summary>
    /// <exception cref="GuestsException">It cannot be created.</exception>
    public static void Create(string path)
    {
        try
        {
            Directory.CreateDirectory(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new GuestsException($"the cache {path} cannot be created: {error.Message}; $HEARTH_CACHE names another place", error);
        }
    }
}
