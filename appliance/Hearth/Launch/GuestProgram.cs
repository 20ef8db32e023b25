namespace Hearth.Launch;

/// <summary><c>hearth-vm</c>, the program of one guest's process.</summary>
internal static class GuestProgram
{
    public const string Name = "hearth-vm";

    /// <summary>The environment variable that names another file, for whoever compares two of them.</summary>
    public const string Variable = "HEARTH_VM";

    /// <summary>Beside this program, unless <see cref="Variable"/> says otherwise.</summary>
    public static string Path => Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } other ? other : System.IO.Path.Combine(AppContext.BaseDirectory, Name);
}
