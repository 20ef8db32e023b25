using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Hearth.Boot.Tests;

/// <summary>A TCP server on the host's loopback; it serves one connection after the other.</summary>
internal sealed class LoopbackServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Func<NetworkStream, CancellationToken, Task> _answer;
    private readonly Task _serving;

    private LoopbackServer(Func<NetworkStream, CancellationToken, Task> answer)
    {
        _answer = answer;
        _listener.Start();
        _serving = Serve();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>How many connections there were.</summary>
    public int Connections { get; private set; }

    /// <summary>Gives one page by HTTP to whoever asks.</summary>
    public static LoopbackServer OfPage(string page)
    {
        byte[] body = Encoding.UTF8.GetBytes(page);
        byte[] answer = [.. Encoding.ASCII.GetBytes($"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {body.Length}\r\n\r\n"), .. body];
        return new LoopbackServer(async (stream, stop) =>
        {
            await stream.ReadAtLeastAsync(new byte[4096], 4, throwOnEndOfStream: false, stop);
            await stream.WriteAsync(answer, stop);
        });
    }

    /// <summary>Sends back what it gets.</summary>
    public static LoopbackServer OfEchoes() => new((stream, stop) => stream.CopyToAsync(stream, stop));

    public void Dispose()
    {
        _stop.Cancel();
        _serving.Wait();
        _listener.Dispose();
        _stop.Dispose();
    }

    private async Task Serve()
    {
        try
        {
            while (true)
            {
                using TcpClient client = await _listener.AcceptTcpClientAsync(_stop.Token);
                Connections++;
                await _answer(client.GetStream(), _stop.Token);
            }
        }
        catch (Exception error) when (error is OperationCanceledException or IOException)
        {
            // Dispose ends the loop, or a guest its connection at power-off.
        }
    }
}
