namespace Hearth.Launch;

/// <summary>What tells this host from all others.</summary>
internal static class HostIdentity
{
    /// <summary>The machine id (machine-id(5)), or the host's name where there is none.</summary>
    public static string Read()
    {
        try
        {
            string id = File.ReadAllText("/etc/machine-id").Trim();
            return id.Length != 0 ? id : Environment.MachineName;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return Environment.MachineName;
        }
    }
}
