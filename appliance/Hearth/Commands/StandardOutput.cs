using System.Text;
using Hearth.Linux;

namespace Hearth.Commands;

/// <summary>Standard output for what a command has to say. Not by Console, which would keep quiet about a full disk.</summary>
internal static class StandardOutput
{
    /// <exception cref="LinuxException">Standard output is closed, or takes no more.</exception>
    public static void Write(string text)
    {
        using var output = new FileDescriptor(1);
        Write(output, text);
    }

    /// <inheritdoc cref="Write(string)"/>
    public static void Write(FileDescriptor output, string text)
    {
        try
        {
            output.Write(Encoding.UTF8.GetBytes(text));
        }
        catch (LinuxException error) when (error.IsUnheard)
        {
            // As of `hearth doctor | head -1`: who reads has all that was wanted.
        }
    }
}
