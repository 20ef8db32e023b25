using System.Net.Sockets;

namespace Hearth.Vm.Tests.Network;

/// <summary>Two connected stream sockets: the port's end and passt's.</summary>
internal sealed class SocketPair : IDisposable
{
    public SocketPair()
    {
        string path = Path.Combine(Path.GetTempPath(), $"hearth-{Guid.NewGuid():n}");
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen();
        Near = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        Near.Connect(new UnixDomainSocketEndPoint(path));
        Far = listener.Accept();
        File.Delete(path);
    }

    /// <summary>Given away to the port.</summary>
    public Socket Near { get; }

    public Socket Far { get; }

    /// <summary>Sends bytes as passt, in pieces of any size.</summary>
    public void Send(ReadOnlySpan<byte> bytes)
    {
        for (int sent = 0; sent < bytes.Length;)
            sent += Far.Send(bytes[sent..]);
    }

    /// <summary>Receives exactly as many bytes as passt would.</summary>
    public byte[] Receive(int count)
    {
        byte[] bytes = new byte[count];
        for (int done = 0; done < count;)
        {
            int part = Far.Receive(bytes.AsSpan(done));
            Assert.NotEqual(0, part);
            done += part;
        }

        return bytes;
    }

    public void Dispose()
    {
        Near.Dispose();
        Far.Dispose();
    }
}
