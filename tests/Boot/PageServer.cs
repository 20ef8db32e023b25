using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Hearth.Boot.Tests;

/// <summary>An HTTP server on the host's loopback that gives one page to whoever asks.</summary>
internal sealed class PageServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _serving;
    private readonly byte[] _answer;

    public PageServer(string page)
    {
        byte[] body = Encoding.UTF8.GetBytes(page);
        _answer = [.. Encoding.ASCII.GetBytes($"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {body.Length}\r\n\r\n"), .. body];
        _listener.Start();
        _serving = Serve();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

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
                NetworkStream stream = client.GetStream();
                await stream.ReadAtLeastAsync(new byte[4096], 4, throwOnEndOfStream: false, _stop.Token);
                await stream.WriteAsync(_answer, _stop.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // Dispose ends the loop this way.
        }
    }
}
