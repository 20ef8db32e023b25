namespace Hearth.Launch;

/// <summary><c>hearth-vm</c>, the program of one guest's process.</summary>
internal static class GuestProgram
{
    public const string Name = "hearth-vm";

    /// <summary>The environment variable that names another file, for whoever compares two of them.</summary>
    public const string Variable = "HEARTH_VM";

    // Starts in half the time, and needs half the memory. What was just built has none.
    private const string AheadOfTime = "native";

    /// <summary>Beside this program, compiled ahead of time where that is there, unless <see cref="Variable"/> says otherwise.</summary>
    public static string Path => Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } other ? other : In(AppContext.BaseDirectory);

    internal static string In(string folder)
    {
        string native = System.IO.Path.Combine(folder, AheadOfTime, Name);
        return File.Exists(native) ? native : System.IO.Path.Combine(folder, Name);
    }
}
