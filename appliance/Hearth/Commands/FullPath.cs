namespace Hearth.Commands;

/// <summary>Names of files, from the root instead of from where the command was typed.</summary>
internal static class FullPath
{
    /// <returns>An empty name as it is, which takes a setting away.</returns>
    public static string? Of(string? path) => string.IsNullOrEmpty(path) ? path : Path.GetFullPath(path);

    /// <summary>A file behind a word: <c>wav:FILE</c>.</summary>
    public static string? Behind(string prefix, string? text) =>
        text?.StartsWith(prefix, StringComparison.Ordinal) == true ? prefix + Of(text[prefix.Length..]) : text;

    /// <summary>A file behind a first colon: <c>3:SOCKET</c>.</summary>
    public static string? BehindColon(string? text) => text?.IndexOf(':', StringComparison.Ordinal) is >= 0 and var colon ? Behind(text[..(colon + 1)], text) : text;

    /// <summary>The socket of a <c>--net</c>, where it has one; settings may follow.</summary>
    public static string InNetwork(string text)
    {
        int comma = text.IndexOf(',', StringComparison.Ordinal);
        string plug = comma < 0 ? text : text[..comma];
        bool hasSocket = plug.StartsWith("switch:", StringComparison.Ordinal) || plug.StartsWith("passt:", StringComparison.Ordinal);
        return hasSocket ? BehindColon(plug) + text[plug.Length..] : text;
    }
}
