using System.CommandLine;
using Hearth.Api;
using Hearth.Linux;

namespace Hearth.Commands;

/// <summary><c>hearth guest console</c>: a guest's first serial port in this terminal.</summary>
internal static class GuestConsoleCommand
{
    private const byte CtrlA = 1;
    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(200);

    public static Command Build()
    {
        Argument<string> name = NameCompletion.OfGuest();
        var command = new Command("console", "Type at a guest's first serial port, and see what it writes. Ctrl-A X leaves, Ctrl-A twice types it.") { name };
        command.SetAction(parsed => DaemonCall.Run(parsed, client => RunAsync(client, parsed.GetValue(name)!)));
        return command;
    }

    private static async Task RunAsync(ApiClient client, string guest)
    {
        using Stream port = await client.UpgradeAsync($"{GuestCommand.PathOf(guest)}/console", CancellationToken.None);
        var input = new FileDescriptor(0);
        using RawTerminal? terminal = RawTerminal.TryEnter(input);
        using var end = new CancellationTokenSource();
        Task written = WriteAsync(port, end.Token);
        Task<bool> typed = Task.Run(() => Type(input, port, terminal is not null, end.Token), CancellationToken.None);

        // Standard input that has ended leaves the guest's output to be seen; Ctrl-A X does not.
        if (await Task.WhenAny(written, typed) == typed && !await typed)
            await written;
        await end.CancelAsync();
    }

    private static async Task WriteAsync(Stream port, CancellationToken cancellation)
    {
        var output = new FileDescriptor(1);
        var buffer = new byte[4096];
        try
        {
            while (await port.ReadAsync(buffer, cancellation) is > 0 and var count)
                output.Write(buffer.AsSpan(0, count));
        }
        catch (Exception error) when (error is IOException or OperationCanceledException)
        {
            // The guest or the daemon has gone, or the person has left.
        }
    }

    /// <returns>True when the person has left, false when there is nothing more to type.</returns>
    private static bool Type(FileDescriptor input, Stream port, bool hasKeys, CancellationToken cancellation)
    {
        var buffer = new byte[256];
        bool isPrefixed = false;
        while (!cancellation.IsCancellationRequested)
        {
            if (!Descriptors.WaitReadable(input, s_look))
                continue;
            int count = input.Read(buffer);
            if (count == 0)
                return false;
            foreach (byte key in buffer.AsSpan(0, count))
            {
                if (isPrefixed && (key | 0x20) == 'x')
                    return true;
                if (hasKeys && key == CtrlA && !isPrefixed)
                {
                    isPrefixed = true;
                    continue;
                }

                isPrefixed = false;
                port.WriteByte(key);
            }

            port.Flush();
        }

        return true;
    }
}
