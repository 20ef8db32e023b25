using System.Net.Sockets;
using System.Text.Json;
using Hearth.Guests;

namespace Hearth.Bench.Save;

/// <summary>A connection to QEMU's monitor: commands and their answers, one after the other (QEMU's qmp-spec).</summary>
internal sealed class QmpLink : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly StreamReader _reader;

    /// <param name="path">Where QEMU listens, or will.</param>
    /// <exception cref="GuestsException">It does not.</exception>
    public QmpLink(string path)
    {
        if (!SpinWait.SpinUntil(() => TryConnect(path), s_patience))
        {
            _socket.Dispose();
            throw new GuestsException("QEMU's monitor does not answer");
        }

        _socket.ReceiveTimeout = (int)s_patience.TotalMilliseconds;
        _reader = new StreamReader(new NetworkStream(_socket));
        _ = ReadLine();
        _ = Execute("qmp_capabilities");
    }

    /// <param name="arguments">An object with their names; null for none.</param>
    /// <returns>What it returned.</returns>
    /// <exception cref="GuestsException">It failed.</exception>
    public JsonElement Execute(string command, object? arguments = null)
    {
        byte[] line = [.. JsonSerializer.SerializeToUtf8Bytes(arguments is null ? new { execute = command } : (object)new { execute = command, arguments }), (byte)'\n'];
        try
        {
            _ = _socket.Send(line);
            while (true)
            {
                JsonElement answer = JsonSerializer.Deserialize<JsonElement>(ReadLine());
                if (answer.TryGetProperty("return", out JsonElement value))
                    return value;
                if (answer.TryGetProperty("error", out JsonElement error))
                    throw new GuestsException($"QEMU refuses {command}: {error.GetProperty("desc").GetString()}");
            }
        }
        catch (Exception error) when (error is IOException or SocketException)
        {
            throw new GuestsException($"QEMU does not answer {command}: {error.Message}", error);
        }
    }

    public void Dispose()
    {
        _reader.Dispose();
        _socket.Dispose();
    }

    private string ReadLine() => _reader.ReadLine() ?? throw new GuestsException("QEMU ended");

    private bool TryConnect(string path)
    {
        try
        {
            _socket.Connect(new UnixDomainSocketEndPoint(path));
            return true;
        }
        catch (SocketException)
        {
            Thread.Sleep(1);
            return false;
        }
    }
}
