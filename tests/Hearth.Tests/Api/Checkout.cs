namespace Hearth.Tests.Api;

/// <summary>The checkout that these tests were built from.</summary>
internal static class Checkout
{
    /// <param name="path">From its root.</param>
    public static string Find(string path)
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "Appliance.sln")))
            folder = Path.GetDirectoryName(folder);
        return Path.Combine(folder ?? throw new InvalidOperationException("these tests run within a checkout"), path);
    }
}
