namespace Hearth.Launch;

/// <summary><c>hearth-vm</c>, the program of one guest's process.</summary>
internal static class GuestProgram
{
    public const string Name = "hearth-vm";

    /// <summary>Beside this program.</summary>
    public static string Path { get; } = System.IO.Path.Combine(AppContext.BaseDirectory, Name);
}
