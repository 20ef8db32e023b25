using System.CommandLine;
using System.Text;
using Hearth.Linux;

namespace Hearth.Commands;

/// <summary>How a PIN gets in: typed at a terminal that does not show it, or as a line of standard input. Never as an argument, which every process could read.</summary>
internal static class PinEntry
{
    private const char CtrlC = '\x03';
    private const char CtrlD = '\x04';
    private const char Backspace = '\b';
    private const char Delete = '\x7F';

    public static Option<bool> FromStandardInput { get; } = new("--pin-stdin")
    {
        Description = "Read the PIN from standard input, a line, instead of asking for it.",
        Arity = ArgumentArity.Zero,
    };

    /// <summary>A new PIN; at a terminal it is typed twice.</summary>
    /// <exception cref="UsageException">There is none, or the second is not the first.</exception>
    public static string ReadNew(ParseResult parsed, string person)
    {
        string pin = Read(parsed, $"New PIN of {person}: ");
        if (!parsed.GetValue(FromStandardInput) && Read(parsed, "Once more: ") != pin)
            throw new UsageException("the two PINs are not the same, and nothing was changed: try again");
        return pin;
    }

    /// <exception cref="UsageException">There is none.</exception>
    public static string Read(ParseResult parsed, string prompt)
    {
        // The process's own, which stay open.
        var input = new FileDescriptor(0);
        var screen = new FileDescriptor(2);
        if (parsed.GetValue(FromStandardInput))
            return ReadLine(input);
        using RawTerminal terminal = RawTerminal.TryEnter(input) ?? throw new UsageException("a PIN is typed at a terminal: without one give it a line of standard input, with --pin-stdin");
        screen.Write(Encoding.UTF8.GetBytes(prompt));
        try
        {
            return ReadTyped(input);
        }
        finally
        {
            screen.Write("\r\n"u8);
        }
    }

    private static string ReadTyped(FileDescriptor input)
    {
        var pin = new StringBuilder();
        Span<byte> key = stackalloc byte[1];
        while (input.Read(key) == 1)
        {
            switch ((char)key[0])
            {
                case '\r' or '\n':
                    return pin.ToString();
                case CtrlC or CtrlD:
                    throw new UsageException("no PIN was given, and nothing was changed");
                case Backspace or Delete:
                    pin.Length = Math.Max(pin.Length - 1, 0);
                    break;
                default:
                    pin.Append((char)key[0]);
                    break;
            }
        }

        throw new UsageException("no PIN was given, and nothing was changed");
    }

    private static string ReadLine(FileDescriptor input)
    {
        var line = new List<byte>();
        Span<byte> next = stackalloc byte[1];
        while (input.Read(next) == 1 && next[0] != '\n')
            line.Add(next[0]);
        return line.Count > 0 ? Encoding.UTF8.GetString([.. line]).TrimEnd('\r') : throw new UsageException("--pin-stdin: there is no line on standard input");
    }
}
